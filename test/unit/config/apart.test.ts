import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../../lib/log.js';
import { App } from '../../../src/app.js';
import { ConfigFailure } from '../../../src/config/faults.js';
import { loadConfig } from '../../../src/config/load.js';
import { command } from '../../simulators/command.js';
import { FakeClock } from '../../simulators/fake-clock.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'apart-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const load = (text: string) => {
  const file = join(dir, 'nvr-uplink.yaml');
  writeFileSync(file, text);
  return loadConfig(file, {}).config;
};
const faultsOf = (text: string) => {
  try {
    load(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigFailure) return error.faults;
    throw error;
  }
};

describe('a folder of the inbox', () => {
  it.each([
    ['data', 'is the folder of'],
    ['other/../data/', 'is the folder of'],
    ['data/spool', 'lies within'],
    ['.', 'contains'],
    ['/', 'contains'],
  ])('at %s is refused: it %s that of the storage', (path, how) => {
    const [fault, ...more] = faultsOf(`storage: { dir: data }\ninbox: { folders: { nvr: { path: ${path} } } }`);
    expect(more).toEqual([]);
    expect(fault).toMatchObject({ path: 'inbox.folders.nvr.path', line: 2 });
    expect(fault!.remedy).toContain(`it ${how} \`storage.dir\` (${join(dir, 'data')})`);
    expect(fault!.remedy).toContain('Give deliveries a folder of their own');
  });

  it('is refused in a folder footage is sent to, read from, or delivered to otherwise; each is told', () => {
    const faults = faultsOf(`storage: { dir: data }
remotes: { nas: { type: folder, path: nas } }
archive: { type: folder, path: old }
inbox: { folders: { a: { path: nas/in }, b: { path: old }, c: { path: x }, d: { path: x/y } } }`);
    expect(faults.map(({ path, remedy }) => `${path} ${remedy.split(' (')[0]}`)).toEqual([
      'inbox.folders.a.path it lies within `remotes.nas.path`',
      'inbox.folders.b.path it is the folder of `archive.path`',
      'inbox.folders.d.path it lies within `inbox.folders.c.path`',
    ]);
  });

  it('may have a name that begins like theirs', () => {
    expect(faultsOf('storage: { dir: data }\ninbox: { folders: { nvr: { path: data-in } } }')).toEqual([]);
  });

  it('is refused at the start where a link leads to the storage folder', async () => {
    mkdirSync(join(dir, 'data', 'spool'), { recursive: true });
    symlinkSync(join(dir, 'data'), join(dir, 'clips'));
    const config = load('storage: { dir: data }\ninbox: { folders: { nvr: { path: clips/spool } } }');
    const ffmpeg = { path: '/usr/bin/ffmpeg', version: '5' };
    const opened = App.open({ config, ffmpeg, clock: new FakeClock(), log: createLog({ write: () => undefined }) });
    await expect(opened).rejects.toMatchObject({
      code: 'inbox-entangled',
      message: expect.stringMatching(/`inbox.folders.nvr.path` .* lies within `storage.dir`/),
    });
  });
});

describe('a folder footage is sent to or read from', () => {
  const faultOf = (places: string) =>
    faultsOf(`storage: { dir: data }\ncameras: { gate: { streams: { main: "rtsp://10.0.0.5/1" } } }\n${places}`);

  it.each([
    ['data', 'is the folder of'],
    ['./data/spool', 'lies within'],
    ['.', 'contains'],
  ])('at %s is refused: it %s that of the storage', (path, how) => {
    for (const [field, place] of [
      ['remotes.nas.path', `remotes: { nas: { type: folder, path: ${path} } }`],
      ['archive.path', `archive: { type: folder, path: ${path} }`],
    ] as const) {
      const [fault, ...more] = faultOf(place);
      expect(more).toEqual([]);
      expect(fault).toMatchObject({ path: field, value: JSON.stringify(join(dir, path)), line: 3 });
      expect(fault!.remedy).toContain(`it ${how} \`storage.dir\` (${join(dir, 'data')})`);
      expect(fault!.remedy).toContain('Give it a folder of its own');
    }
  });

  it('is that of one remote only, and may be the archive too', () => {
    const remotes = 'remotes: { a: { type: folder, path: nas }, b: { type: folder, path: ./x/../nas/ } }';
    const [fault, ...more] = faultOf(remotes);
    expect(more).toEqual([]);
    expect(fault!.path).toBe('remotes.b.path');
    expect(fault!.remedy).toContain('it is the folder of `remotes.a.path`');
    expect(fault!.remedy).toContain('leave one of the two out');
    const archived = 'remotes: { a: { type: folder, path: nas } }\narchive: { type: folder, path: nas }';
    expect(faultOf(archived)).toEqual([]);
    expect(faultOf('remotes: { a: { type: folder, path: data-far }, b: { type: folder, path: nas } }')).toEqual([]);
  });

  it('is refused at the start where a link leads to the storage folder', async () => {
    mkdirSync(join(dir, 'data', 'spool'), { recursive: true });
    symlinkSync(join(dir, 'data'), join(dir, 'nas'));
    const cameras = 'cameras: { gate: { streams: { main: "rtsp://10.0.0.5/1" } } }';
    const config = load(`storage: { dir: data }\n${cameras}\nremotes: { nas: { type: folder, path: nas/spool } }`);
    const ffmpeg = { path: '/usr/bin/ffmpeg', version: '5' };
    const opened = App.open({ config, ffmpeg, clock: new FakeClock(), log: createLog({ write: () => undefined }) });
    await expect(opened).rejects.toMatchObject({
      code: 'folders-entangled',
      message: expect.stringMatching(/`remotes.nas.path` .* lies within `storage.dir`/),
    });
  });
});

describe('folders and files that cannot be what they are', () => {
  it('are told with every other fault', () => {
    const faults = faultsOf(`storage: { dir: data, keep: 3 }
cameras: { gate: { streams: { main: "rtsp://10.0.0.5/1" }, colour: red } }
remotes:
  nas: { type: folder, path: data/nas, speed: 3 }
  far: { type: sftp, host: h }
  web: { type: https, url: "https://h", ca_file: nope.pem }
archive: { type: folder, path: data/old }
inbox: { folders: { a: { path: data/in }, b: { path: 7 } } }
alerts: 3`);
    expect(faults.map(({ path, line }) => `${line} ${path}`).sort()).toEqual([
      '1 storage.keep',
      '2 cameras.gate.colour',
      '4 remotes.nas.path',
      '4 remotes.nas.speed',
      '5 remotes.far',
      '5 remotes.far.host_key',
      '5 remotes.far.username',
      '6 remotes.web.ca_file',
      '7 archive.path',
      '8 inbox.folders.a.path',
      '8 inbox.folders.b.path',
      '9 alerts',
    ]);
    expect(faults.find(({ path }) => path === 'remotes.nas.path')!.remedy).toContain('it lies within `storage.dir`');
  });

  it('are held against the storage folder that is meant without a word, and against none that is no text', () => {
    const within = (storage: string) =>
      faultsOf(`${storage}\ncameras: {}\nremotes: { nas: { type: folder, path: nvr-uplink-data/nas } }`);
    expect(within('site: home').map(({ path }) => path)).toEqual(['cameras', 'remotes.nas.path']);
    expect(within('storage: { dir: 3 }').map(({ path }) => path)).not.toContain('remotes.nas.path');
  });
});

it('config validate refuses what `run` would refuse here: two folders that a link makes one', async () => {
  mkdirSync(join(dir, 'data'));
  mkdirSync(join(dir, 'nas'));
  symlinkSync(join(dir, 'nas'), join(dir, 'far'));
  const file = join(dir, 'nvr-uplink.yaml');
  const remotes = (path: string) => `a: { type: folder, path: nas }, b: { type: folder, path: ${path} }`;
  const cameras = 'cameras: { gate: { streams: { main: "rtsp://10.0.0.5/1" } } }';
  const config = (path: string) => load(`storage: { dir: data }\n${cameras}\nremotes: { ${remotes(path)} }`);
  config('far/deeper');
  expect((await command(['config', 'validate', '-c', file])).exit).toBe(0);
  config('far');
  const { exit, stdout, stderr } = await command(['config', 'validate', '-c', file, '--json']);
  expect(exit).toBe(2);
  expect(stderr).toContain('remotes.b.path');
  expect(JSON.parse(stdout).error.faults).toEqual([
    {
      ...{ path: 'remotes.b.path', value: JSON.stringify(join(dir, 'far')) },
      remedy: expect.stringMatching(
        /^links followed, it is the folder of `remotes.a.path` .*leave one of the two out$/,
      ),
    },
  ]);
});
