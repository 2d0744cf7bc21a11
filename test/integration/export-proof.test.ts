import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadIdentity } from '../../src/archive/signature.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { command } from '../simulators/command.js';
import { at, segment, sha256 } from '../simulators/entries.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';
import { newFile } from '../simulators/storage.js';

const run = promisify(execFile);
const DAY = '2026-05-03';
const PICTURES = ['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=10:duration=2', '-c:v', 'libx264', '-g', '10'];

describe('what an export vouches for', () => {
  let archive: ArchiveFolder;
  let film: Buffer;
  let dir: string;
  const films = [0, 1].map((n) => segment('gate', at(DAY, `12:00:0${n * 2}`), at(DAY, `12:00:0${n * 2 + 2}`)));
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'export-'));
    archive = await ArchiveFolder.create();
    await run('ffmpeg', ['-v', 'error', ...PICTURES, '-bitexact', '-movflags', '+faststart', join(dir, 'a.mp4')]);
    film = await readFile(join(dir, 'a.mp4'));
    await archive.add(films.map((one) => ({ ...one, bytes: film.length, sha256: sha256(film) })));
    await mkdir(join(dir, 'storage'));
    await loadIdentity(join(dir, 'storage', 'identity.pem'));
    const streams = 'cameras: { gate: { streams: { main: "rtsp://127.0.0.1/a" } } }\nsite: home\n';
    const places = `storage: { dir: ./storage }\narchive: { type: folder, path: ${archive.root} }\n`;
    await writeFile(join(dir, 'config.yaml'), `${streams}${places}remotes: { nas: { type: folder, path: ./nas } }\n`);
  });
  afterAll(async () => {
    await archive.dispose();
    await rm(dir, { recursive: true });
  });
  beforeEach(async () => {
    for (const { key } of films) await writeFile(join(archive.root, key), film);
  });

  const span = ['--camera', 'gate', '--from', `${DAY}T12:00:01Z`, '--to', `${DAY}T12:00:03Z`];
  const elsewhere = (to: string, ...more: string[]) =>
    command(['export', '--folder', archive.root, ...span, '-o', join(dir, to), ...more]);
  const check = async (folder: string) => {
    const { exit, stdout } = await command(['verify', join(dir, folder), '--json']);
    const { results, signed } = JSON.parse(stdout) as { results: { state: string; what: string }[]; signed: boolean };
    const said = (state: string) => results.flatMap((one) => (one.state === state ? [one.what] : [])).join('\n');
    return { exit, signed, proved: said('proved'), wrong: said('wrong'), unknown: said('unknown') };
  };

  it.each([0, 1])('makes no film of a recorded file with another byte than the index lists (%s)', async (which) => {
    // Of the last file, a byte behind what the film needs.
    const changed = Buffer.from(film);
    changed[changed.length - 3]! ^= 1;
    await writeFile(join(archive.root, films[which]!.key), changed);
    const { exit, stderr } = await elsewhere(`altered-${which}`);
    expect(exit).not.toBe(0);
    expect(stderr).toContain(`${films[which]!.key} is not what was recorded`);
    expect(await readdir(join(dir, `altered-${which}`))).toEqual([]);
    const found = `its SHA-256 is ${sha256(changed)}, not ${sha256(film)}`;
    expect(stderr).toContain(found);
    expect(stderr).toContain('verify --repair');
    const got = await command(['get', '--folder', archive.root, films[which]!.key, '-o', join(dir, 'got')]);
    expect([got.exit, got.stderr]).toEqual([1, expect.stringContaining(found)]);
  });

  it.each([500, 0.9])(
    'says of a file that is cut off at %s what it has, what it should have, and what to do',
    async (at) => {
      const left = at < 1 ? Math.floor(film.length * at) : at;
      await writeFile(join(archive.root, films[1]!.key), film.subarray(0, left));
      const { exit, stderr } = await elsewhere(`cut-${at}`);
      expect([exit, stderr]).toEqual([1, expect.stringContaining(`it has ${left} of ${film.length} bytes`)]);
      expect(stderr).toContain('verify --repair');
      const got = await command(['get', '--folder', archive.root, films[1]!.key, '-o', join(dir, 'got')]);
      expect([got.exit, got.stderr]).toEqual([1, expect.stringContaining(`it has ${left} of ${film.length} bytes`)]);
      expect(got.stderr).toContain('verify --repair');
    },
  );

  it('says of a file that is missing what to do', async () => {
    await rm(join(archive.root, films[0]!.key));
    const { exit, stderr } = await elsewhere('missing');
    expect([exit, stderr]).toEqual([1, expect.stringContaining(`${films[0]!.key} is not there`)]);
    expect(stderr).toContain('--repair');
  });

  it('tells what came before the first recording, and after the newest, from what nobody knows, on and off the recorder', async () => {
    const whole = ['--camera', 'gate', '--from', `${DAY}T11:00:00Z`, '--to', `${DAY}T13:00:00Z`];
    const of = async (to: string, ...place: string[]) => {
      const { exit, stdout } = await command(['export', ...place, ...whole, '-o', join(dir, to), '--json']);
      const { before, after, gaps, unaccounted } = JSON.parse(stdout);
      return { exit, before, after, gaps, unaccounted };
    };
    const before = [{ from: `${DAY}T11:00:00.000Z`, to: `${DAY}T12:00:00.000Z` }];
    const [last, until] = [`${DAY}T12:00:04.000Z`, `${DAY}T13:00:00.000Z`];
    const folder = ['--folder', archive.root];
    expect(await of('alone', ...folder)).toEqual({
      exit: 3,
      before,
      gaps: [],
      after: [{ from: last, to: until }],
      unaccounted: [],
    });
    const text = await command(['export', ...folder, ...whole, '-o', join(dir, 'words'), '--timezone', 'UTC']);
    expect(text.stdout).toMatch(/^missing: .*11:00:00.* before the first recording of this camera in the archive$/m);
    expect(text.stdout).toMatch(/^missing: .*12:00:04.* after the newest entry of this camera; it is not finished/m);
    expect(text.stdout).not.toContain('NOT ACCOUNTED FOR');
    // On the recorder, an outage since a quarter past, until it was killed; of the time before that nobody knows.
    const [since, killed] = [`${DAY}T12:15:00.000Z`, `${DAY}T12:20:00.000Z`];
    const ledger = new Ledger(spoolLayout(join(dir, 'storage')).ledger);
    ledger.gaps.open('gate', Date.parse(since), 'unreachable');
    ledger.gaps.extend('gate', Date.parse(killed));
    ledger.close();
    const here = await of('here', '-c', join(dir, 'config.yaml'));
    expect(here).toEqual({
      ...{ exit: 3, before, unaccounted: [{ from: last, to: since }] },
      gaps: [
        { from: since, to: killed, cause: 'unreachable' },
        { from: killed, to: expect.any(String), cause: 'recorder-crashed' },
      ],
    });
    expect((await of('far', ...folder)).gaps).toEqual([]);
  });

  it('takes what is not uploaded yet from the recorder itself, and says that no index lists it', async () => {
    const [from, to] = [`${DAY}T10:00:00Z`, `${DAY}T10:00:02Z`];
    const layout = spoolLayout(join(dir, 'storage'));
    createSpool(layout);
    const row = newFile(Date.parse(from), { end: Date.parse(to), bytes: film.length, sha256: sha256(film) });
    await writeFile(join(layout.ready, row.name), film);
    const ledger = new Ledger(layout.ledger);
    const id = ledger.files.begin(row);
    ledger.files.setState(id, 'ready');
    const asked = ['--camera', 'gate', '--from', from, '--to', to];
    const there = await command(['export', '--folder', archive.root, ...asked, '-o', join(dir, 'not-there')]);
    expect([there.exit, there.stderr]).toEqual([1, expect.stringContaining('no footage of gate')]);
    const made = await command(['export', '-c', join(dir, 'config.yaml'), ...asked, '-o', join(dir, 'own'), '--json']);
    ledger.files.setState(id, 'lost');
    ledger.close();
    expect(made.exit, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      ...{ gaps: [], unaccounted: [], index: [] },
      clips: [{ begins: `${DAY}T10:00:00.000Z`, ends: `${DAY}T10:00:02.000Z`, frames: 20 }],
      sources: [{ key: row.key, sha256: row.sha256 }],
    });
    const checked = await check('own');
    expect(checked).toMatchObject({ exit: 0, signed: true, wrong: '' });
    expect(checked.unknown).toContain(`${row.key} is in no part of the index here`);
  });

  it('proves nothing of originals that are not part of it', async () => {
    expect((await elsewhere('without')).exit).toBe(0);
    const without = await check('without');
    expect(without.proved).not.toContain(films[0]!.key);
    expect(without.unknown).toMatch(/the index lists it, from .* was not looked at/);
    expect((await elsewhere('with', '--originals')).exit).toBe(0);
    expect((await check('with')).proved).toContain(`${films[0]!.key}: the original is what the index lists`);
  });

  it('warns of an export nobody signed, and names a signature that was taken away', async () => {
    expect((await elsewhere('unsigned')).exit).toBe(0);
    const unsigned = await check('unsigned');
    expect([unsigned.exit, unsigned.signed]).toEqual([0, false]);
    expect(unsigned.unknown).toContain('NOT SIGNED');
    expect((await command(['verify', join(dir, 'unsigned')])).stdout).toMatch(/WARNING: this export is not signed/);
    const made = await command(['export', '-c', join(dir, 'config.yaml'), ...span, '-o', join(dir, 'signed')]);
    expect(made.exit, made.stderr).toBe(0);
    expect(await check('signed')).toMatchObject({
      exit: 0,
      signed: true,
      proved: expect.stringContaining('signed it'),
    });
    await cp(join(dir, 'signed'), join(dir, 'broken'), { recursive: true });
    await writeFile(join(dir, 'broken', 'manifest.sig.json'), '{');
    expect((await check('broken')).wrong).toContain('manifest.json is not what was signed');
    await rm(join(dir, 'signed', 'manifest.sig.json'));
    const robbed = await check('signed');
    expect([robbed.exit, robbed.wrong]).toEqual([
      3,
      expect.stringContaining('its signature (manifest.sig.json) is missing'),
    ]);
  });
});
