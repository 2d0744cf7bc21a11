import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FolderReader } from '../../lib/objects/folder-reader.js';
import { ObjectArchive } from '../../src/archive/object-archive.js';
import { command } from '../simulators/command.js';
import { at, segment, sha256, snapshot } from '../simulators/entries.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';

const run = promisify(execFile);

/** What NVRs leave by themselves, and what each is; wall times in Copenhagen. */
const TREE: [string, string, string, string?][] = [
  ['Reolink/2026/05/03/Front Door_01_20260503141230.mp4', 'front-door-01', '2026-05-03T12:12:30Z'],
  [
    'AMC001/2026-05-03/001/dav/14/14.12.30-14.13.00[M][0@0][0].mp4',
    'amc001-001',
    '2026-05-03T12:12:30Z',
    '2026-05-03T12:13:00Z',
  ],
  ['192.168.1.64_01_20260503141230456_MOTION_DETECTION.jpg', '192-168-1-64-01', '2026-05-03T12:12:30.456Z'],
  ['FI9900P_00626EAABBCC/record/MDalarm_20260503_141230.mkv', 'fi9900p-00626eaabbcc', '2026-05-03T12:12:30Z'],
  [
    'axis-ACCC8EAABBCC/20260503/14/20260503_141230_0001_ACCC8EAABBCC/20260503_14/20260503_141230_A1B2.mkv',
    'accc8eaabbcc',
    '2026-05-03T12:12:30Z',
  ],
];

describe('index rebuild', () => {
  let film: Buffer;
  let root: string;
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'film-'));
    await run('ffmpeg', [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=320x180:rate=10:duration=3',
      '-c:v',
      'libx264',
      join(dir, 'a.mp4'),
    ]);
    film = await readFile(join(dir, 'a.mp4'));
    await rm(dir, { recursive: true });
  });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'rebuild-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const rebuild = (...more: string[]) =>
    command([
      'index',
      'rebuild',
      '--folder',
      root,
      '--site',
      'home',
      '--timezone',
      'Europe/Copenhagen',
      '--json',
      ...more,
    ]);
  const entriesOf = (camera: string, day = '2026-05-03') =>
    new ObjectArchive({ reader: new FolderReader(root), site: 'home', onProblem: () => undefined }).entries(
      camera,
      day,
    );

  it('lists what NVRs of each maker uploaded by themselves, so that it is found, fetched and verified', async () => {
    for (const [path] of TREE) {
      const file = join(root, 'home', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, path.endsWith('.mp4') ? film : path);
      await utimes(file, at('2026-05-03', '12:20') / 1_000, at('2026-05-03', '12:20') / 1_000);
    }
    await writeFile(join(root, 'home', 'holiday.mp4'), 'x');
    const tried = await rebuild('-n');
    expect(JSON.parse(tried.stdout)).toMatchObject({ listed: TREE.length, unread: ['home/holiday.mp4'] });
    expect(await readdir(join(root, 'home'))).not.toContain('index');
    const done = await rebuild();
    // Something is there that nobody can name.
    expect([done.exit, JSON.parse(done.stdout)]).toEqual([
      3,
      expect.objectContaining({ listed: TREE.length, known: 0 }),
    ]);
    for (const [path, camera, start, end] of TREE) {
      const isFilm = path.endsWith('.mp4');
      const [entry, ...others] = await entriesOf(camera);
      expect(others).toEqual([]);
      expect(entry, path).toMatchObject({
        ...{ key: `home/${path}`, start: Date.parse(start), source: 'rebuilt' },
        end: end ? Date.parse(end) : Date.parse(start) + (isFilm ? 3_000 : 0),
        sha256: sha256(isFilm ? film : path),
        ...(isFilm && { codecs: [expect.stringContaining('avc1')], width: 320 }),
      });
    }
    const verified = await command(['verify', '--folder', root, '--site', 'home', '--checksum', '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      checked: TREE.length,
      missing: [],
      altered: [],
      truncated: [],
    });
    const got = await command([
      'get',
      '--folder',
      root,
      '--camera',
      'amc001-001',
      '--from',
      '2026-05-03',
      '--to',
      '2026-05-04',
      '-o',
      join(root, 'got'),
    ]);
    expect(got.exit).toBe(0);
    // A second run finds nothing to do.
    expect(JSON.parse((await rebuild()).stdout)).toMatchObject({ listed: 0, shards: 0, known: TREE.length });
  });

  it('reads names by a template, and says what is not one', async () => {
    const file = join(root, 'home', 'cam7/03-05-2026/14h12m30.mp4');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, film);
    const { stdout } = await rebuild('--all', '--layout', '{camera}/{DD}-{MM}-{YYYY}/{hh}h{mm}m{ss}.mp4');
    expect(JSON.parse(stdout)).toMatchObject({ listed: 1, unread: [] });
    expect(await entriesOf('cam7')).toMatchObject([{ start: Date.parse('2026-05-03T12:12:30Z') }]);
    const wrong = await rebuild('--layout', 'hikvisoin');
    expect([wrong.exit, wrong.stderr]).toEqual([2, expect.stringContaining('hikvision')]);
  });

  it('lists what a recorder uploaded whose index was lost in part, and nothing twice', async () => {
    const archive = await ArchiveFolder.create();
    const films = Array.from({ length: 6 }, (_, n) =>
      segment('gate', at('2026-05-03', `1${n}:00`), at('2026-05-03', `1${n}:05`)),
    );
    await archive.add([...films, snapshot('gate', at('2026-05-03', '12:01'))]);
    await cp(archive.root, root, { recursive: true });
    await archive.dispose();
    const folder = join(root, 'home/index/gate/2026/05/03');
    const lost = (await readdir(folder)).filter((name) => name.startsWith('12') || name.startsWith('14'));
    for (const name of lost) await rm(join(folder, name));
    expect(await entriesOf('gate')).toHaveLength(4);
    // A recorder may be about to list them.
    expect(JSON.parse((await rebuild()).stdout)).toMatchObject({ listed: 0, shards: 0, known: 4, young: 3 });
    const { exit, stdout } = await rebuild('--all');
    expect([exit, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ listed: 3, known: 4 })]);
    const entries = await entriesOf('gate');
    expect(entries).toHaveLength(7);
    expect(entries.map((entry) => 'key' in entry && entry.sha256)).toEqual(
      entries.map((entry) => 'key' in entry && sha256(entry.key)),
    );
  });
});
