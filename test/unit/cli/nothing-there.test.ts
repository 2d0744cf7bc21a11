import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { mediaKey } from '../../../src/segment.js';
import { createSpool, spoolLayout } from '../../../src/spool/layout.js';
import { command } from '../../simulators/command.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nothing-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function configured(more = ''): string {
  const file = join(dir, 'c.yaml');
  writeFileSync(file, `storage: { dir: ./data }\ncameras: { one: { address: "127.0.0.1:1" } }\n${more}`);
  return file;
}

/** Footage that the recorder delivered, there and on this disk. */
function delivered(count: number): string[] {
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  const keys = Array.from({ length: count }, (_, n) => {
    const row = newFile(NOON + n * MINUTE, { bytes: 5 });
    const key = mediaKey({ site: 'home', camera: 'gate', kind: 'continuous', start: row.start });
    const id = ledger.files.begin({ ...row, key });
    ledger.files.setState(id, 'ready');
    ledger.deliveries.add(id, ['disk']);
    ledger.deliveries.verified(id, 'disk', NOON, 'stat');
    ledger.files.verified(id, NOON, undefined);
    for (const path of [join(dir, 'nas', key), join(layout.sent, row.name)]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'film\n');
    }
    return key;
  });
  ledger.close();
  return keys;
}

const NAS = 'remotes: { disk: { type: folder, path: ./nas } }\n';

it.each([
  ['no place at all', ''],
  ['only an empty folder', NAS],
])('verify is not green over nothing: %s', async (_, remotes) => {
  mkdirSync(join(dir, 'nas'));
  for (const json of [[], ['--json']]) {
    const { exit, stdout, stderr } = await command(['verify', '-c', configured(remotes), ...json]);
    const said = json.length > 0 ? JSON.stringify(JSON.parse(stdout).error) : stderr;
    expect(exit).toBe(2);
    expect(said).toContain('There is nothing to verify');
    expect(said).toContain(join(dir, 'data'));
    expect(said).toContain('nvr-uplink run');
  }
});

describe('verify of a day of which there is nothing', () => {
  const day = (...more: string[]) => command(['verify', '-c', configured(NAS), ...more]);

  it.each([
    ['', [], 'There is nothing on 2026-05-04: the ledger, disk, folder:'],
    ['of a camera', ['--camera', 'gate'], 'There is nothing of gate on 2026-05-04: the ledger, disk, folder:'],
  ])('is not green: %s', async (_, more, said) => {
    delivered(1);
    const { exit, stdout, stderr } = await day('--day', '2026-05-04', ...more);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain(said);
    expect((await day('--day', '2026-05-03', ...more)).exit).toBe(0);
  });

  it('is not green over an archive alone either', async () => {
    delivered(1);
    mkdirSync(join(dir, 'nas/home/index/gate'), { recursive: true });
    const place = ['verify', '--folder', join(dir, 'nas'), '--day'];
    const { exit, stdout, stderr } = await command([...place, '2026-05-04']);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain('There is nothing on 2026-05-04: folder:');
    expect((await command([...place, '2026-05-03'])).stdout).toContain('Over, and without a signature: 1 day');
  });

  it('names it beside one of which there is something', async () => {
    delivered(1);
    const { exit, stdout } = await day('--day', '2026-05-03', '--day', '2026-05-04');
    expect(exit).toBe(2);
    expect(stdout).toContain('There is nothing on 2026-05-04 (UTC), here or at any place.\n');
    expect(stdout).toContain('Over, and without a signature: 1 day\n');
  });

  it('is none where the ledger tells why there is no footage', async () => {
    delivered(1);
    const ledger = new Ledger(spoolLayout(join(dir, 'data')).ledger);
    ledger.gaps.add('gate', NOON + 86_400_000, NOON + 86_400_000 + MINUTE, 'unreachable');
    ledger.close();
    expect((await day('--day', '2026-05-04')).exit).toBe(0);
  });

  it('is one of which nobody knows where a place cannot be looked at', async () => {
    delivered(1);
    rmSync(join(dir, 'nas'), { recursive: true });
    const { exit, stdout } = await day('--day', '2026-05-04');
    expect(exit).toBe(3);
    expect(stdout).toContain('the folder is not there');
    expect(stdout).not.toContain('There is nothing');
  });
});

it.each([['verify'], ['gaps']])('%s is not green over a camera there is not', async (name) => {
  delivered(1);
  const { exit, stdout, stderr } = await command([name, '-c', configured(NAS), '--camera', 'gaet']);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
  expect(stderr).toMatch(
    /^There is no camera "gaet" in .* \(--camera\)\n→ Did you mean gate\? There are: gate, one\.\n$/,
  );
});

it('verify takes a camera that is only configured, and one that only the archive knows', async () => {
  delivered(1);
  mkdirSync(join(dir, 'nas/home/index/older/2025/01/01'), { recursive: true });
  for (const camera of ['one', 'older']) {
    const { exit, stderr } = await command(['verify', '-c', configured(NAS), '--camera', camera, '-q']);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  }
});

it('verify looks once at an archive that is the folder of a remote', async () => {
  delivered(3);
  const file = configured(`${NAS}archive: { type: folder, path: ./nas }\n`);
  const { exit, stdout } = await command(['verify', '-c', file, '--json']);
  // Three here, and three there.
  expect(JSON.parse(stdout)).toMatchObject({ checked: 6, places: ['disk', `folder:${join(dir, 'nas')}`] });
  expect(exit).toBe(0);
  rmSync(join(dir, 'nas', 'home', 'gate', '2026'), { recursive: true });
  const lost = JSON.parse((await command(['verify', '-c', file, '--json'])).stdout);
  expect(lost.missing).toHaveLength(3);
});

it.each(['', 'archive: { type: folder, path: ./nas }\n'])(
  'verify says in one line that a folder is not there (%s)',
  async (archive) => {
    delivered(3);
    rmSync(join(dir, 'nas'), { recursive: true });
    const file = configured(NAS + archive);
    const { exit, stdout } = await command(['verify', '-c', file]);
    expect(exit).toBe(3);
    expect(stdout.match(/^missing .*$/gm)).toEqual([
      expect.stringMatching(
        /folder:.*\/nas: the folder is not there, and nothing in it was compared; is its disk mounted\?/,
      ),
    ]);
    expect(stdout).toContain('One difference.');
    const { missing } = JSON.parse((await command(['verify', '-c', file, '--json'])).stdout);
    expect(missing).toHaveLength(1);
  },
);

it.each([['browse'], ['verify'], ['ls']])(
  '%s says that the folder named on the command line does not exist',
  async (...args) => {
    const folder = join(dir, 'nope');
    const { exit, stderr } = await command([...args, '--folder', folder]);
    expect(exit).toBe(2);
    expect(stderr).toContain(`--folder ${folder} does not exist`);
    expect(stderr).not.toContain('--bucket');
  },
);

it('browse says of a folder without an archive what to check: the folder', async () => {
  const { exit, stderr } = await command(['browse', '--folder', dir]);
  expect(exit).not.toBe(0);
  expect(stderr).toContain('holds no archive');
  expect(stderr).toContain('Check --folder');
  expect(stderr).not.toContain('--bucket');
});

it('status tells how much of the disk is free where the recorder never ran', async () => {
  const { stdout } = await command(['status', '-c', configured(), '--json']);
  expect(JSON.parse(stdout).disk.freeBytes).toBeGreaterThan(0);
});

it('erase names the remotes it did not reach, and not the one that is the archive', async () => {
  mkdirSync(join(dir, 'nas'));
  const remotes = 'remotes: { disk: { type: folder, path: ./nas }, other: { type: folder, path: ./far } }\n';
  const file = configured(`${remotes}archive: { type: folder, path: ./nas }\n`);
  const span = ['--camera', 'one', '--from', '2026-05-03T12:00:00Z', '--to', '2026-05-03T12:10:00Z'];
  const { stdout, stderr } = await command(['erase', '-c', file, ...span, '--reason', 'asked', '--yes']);
  expect(stdout, stderr).toContain('Not covered: remotes (other) other than the archive, exports');
});
