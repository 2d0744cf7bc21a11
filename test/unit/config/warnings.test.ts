import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.js';
import { warningsOf } from '../../../src/config/warnings.js';
import { command } from '../../simulators/command.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const CAMERAS = { gate: { streams: { main: 'rtsp://10.0.0.5/1' } }, yard: { streams: { main: 'rtsp://10.0.0.6/1' } } };
const warnings = (settings: object, machine = { addresses: ['127.0.0.1', '192.168.1.10'], diskBytes: 4e12 }) =>
  warningsOf(configSchema.parse({ cameras: CAMERAS, ...settings }), machine).map(({ path, value, remedy }) => ({
    ...{ path, value, remedy },
  }));

const ftp = (listen: string) => ({ inbox: { ftp: { listen, users: { nvr: { password: 'long-enough' } } } } });

describe('what is valid and cannot have been meant', () => {
  it('is an address of another machine', () => {
    const found = warnings({ web: { listen: '192.168.1.11:8080' }, ...ftp('10.9.8.7:2121') });
    expect(found.map(({ path, value }) => [path, value])).toEqual([
      ['web.listen', '"192.168.1.11:8080"'],
      ['inbox.ftp.listen', '"10.9.8.7:2121"'],
    ]);
    expect(found[0]!.remedy).toContain('one of 127.0.0.1, 192.168.1.10, or 0.0.0.0 for all');
  });

  it.each(['8080', '192.168.1.10:8080', '0.0.0.0:80', '[::]:80', '[::1]:80', '127.9.9.9:80', 'localhost:80'])(
    'is not %s',
    (listen) => expect(warnings({ web: { listen } })).toEqual([]),
  );

  it('is more free room than the disk is large', () => {
    const [found] = warnings({ storage: { min_free: '5TB' } });
    expect(found).toMatchObject({ path: 'storage.min_free', value: '5TB' });
    expect(found!.remedy).toContain('has 4TB: so much can never be free, and no copy is kept here');
    const [grave] = warnings({ storage: { min_free: '5TB', when_full: 'drop-oldest-unsent' } });
    expect(grave!.remedy).toContain('FOOTAGE NO REMOTE HAS IS GIVEN UP');
    expect(warnings({ storage: { min_free: '3TB' } })).toEqual([]);
    expect(warnings({ storage: { min_free: '5TB' } }, { addresses: [] } as never)).toEqual([]);
  });

  it('is less room than one file of each camera takes', () => {
    const [found, ...others] = warnings({ storage: { max: '74MB' } });
    expect([found!.path, found!.value, others]).toEqual(['storage.max', '74MB', []]);
    expect(found!.remedy).toContain('one file of each camera takes 75MB at 1 Mbit/s already');
    expect(warnings({ storage: { max: '75MB' } })).toEqual([]);
    expect(warnings({ storage: { max: '10MB' }, record: { segment: '10s' } })).toEqual([]);
    const own = { gate: { ...CAMERAS.gate, storage: { max: '1MB' } } };
    expect(warnings({ cameras: own }).map(({ path }) => path)).toEqual(['cameras.gate.storage.max']);
  });
});

describe('config validate', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'warnings-'));
    const lines = [
      ...['storage: { dir: data, max: 10MB, min_free: 5000TB }', 'web: { listen: "203.0.113.7:80" }'],
      'cameras: { gate: { streams: { main: rtsp://10.0.0.5/1 } } }',
    ];
    writeFileSync(join(dir, 'nvr-uplink.yaml'), lines.join('\n'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));
  const run = (...args: string[]) =>
    command(['config', 'validate', '-c', join(dir, 'nvr-uplink.yaml'), ...args], {}, new FakeClock(0));

  it('tells of a remote on the disk of the storage, and not of one that is not there', async () => {
    const file = join(dir, 'same-disk.yaml');
    const remotes = 'remotes: { nas: { type: folder, path: nas }, gone: { type: folder, path: gone } }';
    writeFileSync(file, `storage: { dir: data }\ncameras: { gate: { address: 10.0.0.5 } }\n${remotes}`);
    mkdirSync(join(dir, 'nas'));
    const { exit, stdout } = await command(['config', 'validate', '-c', file, '--json']);
    expect(exit).toBe(0);
    const { warnings: told } = JSON.parse(stdout);
    expect(told).toMatchObject([
      { path: 'remotes.nas.path', value: JSON.stringify(join(dir, 'nas')) },
      { path: 'remotes.gone.path', remedy: expect.stringMatching(/^there is no such folder on this machine/) },
    ]);
    expect(told[0].remedy).toContain(`this is the same disk as that of \`storage.dir\` (${join(dir, 'data')})`);
    expect(told[0].remedy).toContain('Write a folder of another disk');
  });

  it('tells it of this very machine, and calls the file valid all the same', async () => {
    const { exit, stdout: out } = await run();
    expect(exit).toBe(0);
    for (const path of ['web.listen', 'storage.min_free', 'storage.max']) expect(out).toContain(`  ! ${path}: `);
    const told = JSON.parse((await run('--json')).stdout);
    expect(told.valid).toBe(true);
    expect(told.warnings.map(({ path }: { path: string }) => path)).toEqual([
      ...['web.listen', 'storage.min_free', 'storage.max'],
    ]);
  });
});
