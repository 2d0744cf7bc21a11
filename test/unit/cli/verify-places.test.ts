import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import { FolderStore } from '../../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../../lib/transfer-endpoint/host-key.js';
import { folderMemory } from '../../../src/ledger/folder-memory.js';
import { leave } from '../../../src/ledger/leave.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { mediaKey } from '../../../src/segment.js';
import { createSpool, spoolLayout } from '../../../src/spool/layout.js';
import { command } from '../../simulators/command.js';
import { standIn } from '../../simulators/stand-in.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let dir: string;
let stop: () => Promise<void>;
let address: { host: string; port: number };
let fingerprint: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'places-'));
  mkdirSync(join(dir, 'far'));
  await serve();
});

/** The far place, to which is only put; and, where that is so, not even listed. */
async function serve(dropboxListing = true): Promise<void> {
  const endpoint = standIn({
    ...{ store: await FolderStore.open(join(dir, 'far')), hostKey: generateHostKey().privateKey, clock: systemClock },
    users: [{ name: 'home', password: 'secret', root: '', mode: 'dropbox' }],
    behaviour: { dropboxListing },
  });
  await endpoint.listen();
  ({ address, fingerprint } = endpoint);
  const end = new AbortController();
  const serving = endpoint.run(end.signal);
  stop = async () => {
    end.abort();
    await serving;
  };
}
afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true });
});

const FILM = 'film\n';
const PLACES = { nas: 'nas', off: 'far' };

/** Three files that lie on this disk, on the NAS, and at the far place. */
function delivered(): string[] {
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  const keys = [0, 1, 2].map((n) => {
    const row = newFile(NOON + n * MINUTE, {
      bytes: FILM.length,
      sha256: createHash('sha256').update(FILM).digest('hex'),
    });
    const key = mediaKey({ site: 'home', camera: 'gate', kind: 'continuous', start: row.start });
    const id = ledger.files.begin({ ...row, key });
    ledger.files.setState(id, 'ready');
    ledger.deliveries.add(id, Object.keys(PLACES));
    for (const name of Object.keys(PLACES)) ledger.deliveries.verified(id, name, NOON, 'stat');
    ledger.files.verified(id, NOON, undefined);
    const paths = Object.values(PLACES).map((folder) => join(dir, folder, key));
    for (const path of [join(layout.sent, row.name), ...paths]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, FILM);
    }
    return key;
  });
  ledger.close();
  return keys;
}

function configured(more: object): string {
  const off = { type: 'sftp', ...address, username: 'home', password: 'secret', host_key: fingerprint };
  const config = {
    ...{ site: 'home', storage: { dir: './data' }, cameras: { gate: { address: '127.0.0.1:1' } } },
    remotes: { nas: { type: 'folder', path: './nas' }, off },
    ...more,
  };
  const file = join(dir, 'c.yaml');
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

async function verify(more: object, ...args: string[]) {
  const file = configured(more);
  const { exit, stdout } = await command(['verify', '-c', file, '--json', ...args]);
  return { exit, file, report: JSON.parse(stdout) };
}

describe('verify looks at every place', () => {
  it.each([
    ['without an archive', {}],
    ['where the archive is the folder of another', { archive: { type: 'folder', path: './nas' } }],
  ])('a mirror that may only be written to, %s', async (_, more) => {
    const [first, second] = delivered();
    const whole = await verify(more);
    const places = ['disk', `folder:${join(dir, 'nas')}`, expect.stringMatching(/^sftp:/)];
    expect(whole).toMatchObject({ exit: 0, report: { checked: 9, places, notLookedAt: [] } });
    rmSync(join(dir, 'far', first!));
    truncateSync(join(dir, 'far', second!), 2);
    const { exit, report } = await verify(more);
    expect(exit).toBe(3);
    expect(report.missing).toMatchObject([{ key: first, where: expect.stringMatching(/^sftp:/) }]);
    expect(report.truncated).toMatchObject([{ key: second, where: expect.stringMatching(/^sftp:/) }]);
  });

  it('and tells of which only names and sizes were compared where checksums were asked for', async () => {
    delivered();
    const { exit, report } = await verify({ archive: { type: 'folder', path: './nas' } }, '--checksum');
    expect(exit).toBe(3);
    expect(report).toMatchObject({ altered: [], unread: [expect.stringMatching(/^sftp:/)] });
  });

  it.each([{}, { archive: { type: 'folder', path: './nas' } }])(
    'and knows the empty folder below from the disk that was written to: %j',
    async (more) => {
      delivered();
      const ledger = new Ledger(spoolLayout(join(dir, 'data')).ledger);
      folderMemory(ledger, 'nas', join(dir, 'nas')).remember('the-disk');
      ledger.close();
      const { exit, report } = await verify(more);
      const reason = expect.stringContaining('is not the one that was written to');
      expect(report).toMatchObject({ missing: [], notLookedAt: [{ where: `folder:${join(dir, 'nas')}`, reason }] });
      expect(exit).toBe(3);
      writeFileSync(join(dir, 'nas', '.nvr-uplink-id'), 'the-disk');
      expect((await verify(more)).exit).toBe(0);
    },
  );

  it.each([{}, { archive: { type: 'folder', path: './nas' } }])(
    'and names what was sent damaged, though name and size are right, and what is whole nowhere: %j',
    async (more) => {
      const [first, second] = delivered();
      const ledger = new Ledger(spoolLayout(join(dir, 'data')).ledger);
      for (const [key, remote] of [
        [first!, 'off'],
        [second!, 'nas'],
      ] as const) {
        const file = ledger.files.byKey(key)!;
        ledger.deliveries.again(file.id, remote);
        expect(ledger.damages.found(file, remote, true, 'damaged')).toBe(true);
        leave(ledger, file, 'file-damaged', NOON);
        rmSync(join(spoolLayout(join(dir, 'data')).sent, file.name));
      }
      ledger.close();
      writeFileSync(join(dir, 'nas', second!), 'FILM\n');
      const { exit, report } = await verify(more);
      expect(report.altered).toMatchObject([
        { key: second, where: `folder:${join(dir, 'nas')}`, message: expect.stringContaining('its SHA-256 is') },
        { key: first, where: expect.stringMatching(/^sftp:/), message: expect.stringContaining('does not count') },
      ]);
      expect({ exit, missing: report.missing }).toEqual({ exit: 3, missing: [] });
      // Whole there after all: nothing is said of it.
      writeFileSync(join(dir, 'nas', second!), FILM);
      expect((await verify(more)).report.altered).toMatchObject([{ key: first }]);
    },
  );

  it('and is not green over one that cannot be looked at, which keeps it from no other', async () => {
    const [first] = delivered();
    const more = { archive: { type: 'folder', path: './nas' } };
    await stop();
    const { exit, file, report } = await verify(more);
    expect(exit).toBe(3);
    expect(report.places).toEqual(['disk', `folder:${join(dir, 'nas')}`]);
    expect(report.notLookedAt).toEqual([expect.objectContaining({ where: expect.stringMatching(/^sftp:/) })]);
    const { stdout } = await command(['verify', '-c', file]);
    expect(stdout).toMatch(/^NOT looked at: sftp:.*\n→ /m);
    expect(stdout).toContain('No difference in what could be compared.');
    rmSync(join(dir, 'nas', first!));
    expect((await verify(more)).report.missing).toMatchObject([{ key: first }]);
  });
});

describe('verify of several remotes that may only be put to, and never listed', () => {
  beforeEach(async () => {
    await stop();
    await serve(false);
  });
  /** The archive is the far place; of `nas` there is but what the ledger says. */
  const remotes = (nas: object = {}) => {
    const off = { type: 'sftp', ...address, username: 'home', password: 'secret', host_key: fingerprint };
    return { off, nas: { ...off, root: 'elsewhere', ...nas } };
  };
  const archive = (of?: string[]) => ({ archive: { type: 'folder', path: './far', ...(of && { remotes: of }) } });

  it('is not green over them, and says how they can be told apart from a difference', async () => {
    delivered();
    const { exit, file, report } = await verify({ remotes: remotes(), ...archive() });
    expect(exit).toBe(3);
    const denied = { where: expect.stringMatching(/^sftp:/), hint: expect.stringContaining('archive.remotes') };
    expect(report).toMatchObject({ missing: [], notLookedAt: [denied, denied] });
    const { stdout } = await command(['verify', '-c', file]);
    expect(stdout).toContain('else write remotes.nas.verify: false.');
  });

  it('looks at the archive for those that are named to fill it, and is green over the other only where the owner says so', async () => {
    const [first] = delivered();
    const one = await verify({ remotes: remotes(), ...archive(['off']) });
    expect(one).toMatchObject({ exit: 3, report: { notLookedAt: [{ where: expect.stringMatching(/^sftp:/) }] } });
    const told = { remotes: remotes({ verify: false }), ...archive(['off']) };
    const meant = { where: 'nas', reason: 'remotes.nas.verify is false', meant: true };
    const { exit, file, report } = await verify(told);
    expect({ exit, report }).toMatchObject({
      exit: 0,
      report: { checked: 6, places: ['disk', `folder:${join(dir, 'far')}`], notLookedAt: [meant] },
    });
    const { stdout } = await command(['verify', '-c', file]);
    expect(stdout).toContain('NOT looked at, as configured: nas: remotes.nas.verify is false\n');
    expect(stdout).toContain('No difference in what could be compared.');
    rmSync(join(dir, 'far', first!));
    expect(await verify(told)).toMatchObject({ exit: 3, report: { missing: [{ key: first }] } });
  });

  it('expects in the archive what any of those that fill it has got', async () => {
    const [first, second, third] = delivered();
    const ledger = new Ledger(spoolLayout(join(dir, 'data')).ledger);
    ledger.deliveries.again(ledger.files.byKey(first!)!.id, 'off');
    ledger.deliveries.again(ledger.files.byKey(second!)!.id, 'nas');
    ledger.close();
    const both = { remotes: remotes(), ...archive(['off', 'nas']) };
    expect(await verify(both)).toMatchObject({ exit: 0, report: { checked: 6, notLookedAt: [] } });
    for (const key of [first!, second!, third!]) rmSync(join(dir, 'far', key));
    const { exit, report } = await verify(both);
    expect(exit).toBe(3);
    expect(report.missing.map(({ key }: { key: string }) => key).sort()).toEqual([first, second, third]);
  });
});

it('verify looks at a remote that can be read itself, whatever the archive is said to show', async () => {
  const [first] = delivered();
  rmSync(join(dir, 'nas', first!));
  const { report } = await verify({ archive: { type: 'folder', path: './far', remotes: ['nas', 'off'] } });
  expect(report.places).toEqual(['disk', `folder:${join(dir, 'far')}`, `folder:${join(dir, 'nas')}`]);
  expect(report.missing).toMatchObject([{ key: first, where: `folder:${join(dir, 'nas')}` }]);
});

it('an archive is filled by no remote there is not', async () => {
  const file = configured({ archive: { type: 'folder', path: './far', remotes: ['of'] } });
  const { exit, stderr } = await command(['config', 'validate', '-c', file]);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/archive\.remotes.*there is no such remote; there are: nas, off/);
});
