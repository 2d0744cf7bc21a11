import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { readJpeg } from '../../lib/jpeg.js';
import { cut, fits } from '../../lib/mp4/cut.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import type { Complete } from '../../lib/mp4/header.js';
import { jumpSpans } from '../../lib/mp4/jump.js';
import { readMoov } from '../../lib/mp4/remote-file.js';
import { readSealed } from '../../lib/mp4/sealed.js';
import { keyframesAt } from '../../lib/mp4/stills.js';
import { PIECE } from '../../lib/objects/ahead.js';
import { FolderReader } from '../../lib/objects/folder-reader.js';
import { prepareJump } from '../../lib/objects/jump.js';
import type { ObjectReader } from '../../lib/objects/object-reader.js';
import { ParallelReader } from '../../lib/objects/parallel-reader.js';
import { ObjectArchive } from '../../src/archive/object-archive.js';
import { Sprites } from '../../src/archive/sprites.js';
import { Transcoder } from '../../src/archive/transcode.js';
import type { ByteRange } from '../../src/archive-source.js';
import { spriteLayout } from '../../src/browse/api.js';
import { at, segment } from '../simulators/entries.js';

const run = promisify(execFile);
const signal = new AbortController().signal;

describe('parts of recorded files', () => {
  let dir: string;
  let files: string[];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'parts-'));
    // Frames between two others, sound, three files of ten seconds and 25 frames a second; a key frame a second.
    await ffmpeg([
      ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=30', '-f', 'lavfi', '-i', 'sine=duration=30'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-sc_threshold', '0', '-c:a', 'aac'],
      ...['-f', 'segment', '-segment_time', '10', '-reset_timestamps', '1'],
      ...['-segment_format_options', 'movflags=+faststart', join(dir, 'part-%d.mp4')],
    ]);
    files = (await readdir(dir)).sort().map((name) => join(dir, name));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const ffmpeg = (args: string[]) => run('ffmpeg', ['-v', 'error', '-y', ...args], { maxBuffer: 2 ** 26 });
  const frames = async (file: string) => {
    const { stdout } = await ffmpeg(['-i', file, '-map', '0:v', '-f', 'framemd5', '-']);
    return stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('#') || line === '' ? [] : [line.split(',').at(-1)!.trim()]));
  };
  const reading = (file: string) => {
    const asked: number[] = [];
    const read = async (start: number, end: number) => {
      asked.push(end - start);
      return (await readFile(file)).subarray(start, end);
    };
    return { read, asked };
  };
  const complete = async (file: string): Promise<Complete> =>
    readSealed(await readMoov(reading(file).read, (await stat(file)).size));
  const write = async (name: string, parts: { file: number; fromMs: number; toMs: number }[]) => {
    const wanted = [];
    for (const { file, ...span } of parts) wanted.push({ ...span, file: await complete(files[file]!) });
    const made = cut(wanted);
    const pieces = [made.header];
    for (const [index, { start, end }] of made.pieces.entries())
      pieces.push((await readFile(files[parts[index]!.file]!)).subarray(start, end));
    await writeFile(join(dir, name), Buffer.concat(pieces));
    return made;
  };

  it('tell what a player wants that jumps into them: from the key frame before, picture and sound, and the first pictures', async () => {
    const moov = await readMoov(reading(files[1]!).read, (await stat(files[1]!)).size);
    const [opening, scene] = jumpSpans(moov, 4.6);
    const { stdout } = await run('ffprobe', [
      ...[
        '-v',
        'error',
        '-show_entries',
        'packet=codec_type,pts_time,dts_time,pos,size,flags',
        '-of',
        'json',
        files[1]!,
      ],
    ]);
    const packets = (JSON.parse(stdout) as { packets: Record<string, string>[] }).packets.map((packet) => ({
      video: packet.codec_type === 'video',
      time: Number(packet.pts_time),
      start: Number(packet.pos),
      end: Number(packet.pos) + Number(packet.size),
      isKey: packet.flags!.startsWith('K'),
    }));
    const videos = packets.filter(({ video }) => video);
    const key = videos.findLast(({ isKey, time }) => isKey && time <= 4.6)!;
    const wanted = packets.filter(({ time }) => time >= key.time && time <= 4.6);
    expect(wanted.length).toBeGreaterThan(15);
    for (const { start, end } of wanted) {
      expect(start).toBeGreaterThanOrEqual(scene.start);
      expect(end).toBeLessThanOrEqual(scene.end);
    }
    // Not much beside: neither the second before nor the one after.
    expect(videos.findLast(({ isKey, time }) => isKey && time < key.time)!.start).toBeLessThan(scene.start);
    expect(videos.find(({ time }) => time > 5.2)!.end).toBeGreaterThan(scene.end);
    expect(opening).toMatchObject({ start: videos[0]!.start });
    expect(opening.end).toBeGreaterThanOrEqual(videos[1]!.end);
    expect(opening.end).toBeLessThan(scene.start);
  });

  it('are foreseen to a player from afar: what it asks for after its jump has been asked for already', async () => {
    const asked: number[] = [];
    const folder = new FolderReader(dir);
    const far = {
      name: 'far',
      open: (key: string, wanted?: { start?: number; end?: number }) => {
        asked.push(wanted?.start ?? 0);
        return folder.open(key, wanted);
      },
    } as unknown as ObjectReader;
    const reader = new ParallelReader(far, systemClock);
    const moov = await readMoov(reading(files[1]!).read, (await stat(files[1]!)).size);
    const [, scene] = jumpSpans(moov, 8);
    reader.foresee('part-1.mp4', 8);
    const head = (await reader.open('part-1.mp4', { start: 0 }))!;
    await once(head.stream, 'data');
    await systemClock.sleep(50);
    const before = asked.length;
    expect(new Set(asked).size).toBe(before);
    const there = (await reader.open('part-1.mp4', { start: scene.start }))!;
    const bytes = await buffer(there.stream);
    expect(bytes.equals((await readFile(files[1]!)).subarray(scene.start))).toBe(true);
    expect(asked.slice(before).filter((start) => start < scene.end)).toEqual([]);
    head.stream.destroy();
  });

  it('whose tables are damaged are not followed to wherever they point', async () => {
    const bytes = Buffer.from(await readFile(files[1]!));
    const table = bytes.indexOf('stco');
    const chunks = bytes.readUInt32BE(table + 8);
    bytes.writeUInt32BE(0xffff_0000, table + 12 + 4 * (chunks - 1));
    let asked = 0;
    const fetch = (from: number, pieces: number) => {
      asked += pieces;
      const part = (index: number) => bytes.subarray(from + index * PIECE, from + (index + 1) * PIECE);
      return Array.from({ length: pieces }, async (_, index) => ({ bytes: part(index), size: bytes.length }));
    };
    expect(await prepareJump(fetch, 9.9)).toBeUndefined();
    expect(asked).toBeLessThan(100);
  });

  it('make one film whose frames are those of the files, and which says where it really begins', async () => {
    const made = await write('film.mp4', [
      { file: 0, fromMs: 4_300, toMs: 60_000 },
      { file: 1, fromMs: 0, toMs: 60_000 },
      { file: 2, fromMs: 0, toMs: 5_500 },
    ]);
    const [first, second, third] = await Promise.all(files.slice(0, 3).map(frames));
    const expected = [...first!.slice(100), ...second!, ...third!];
    const found = await frames(join(dir, 'film.mp4'));
    expect(found).toEqual(expected.slice(0, found.length));
    // A frame may need one that is shown up to two frames later.
    expect(found.length).toBeGreaterThanOrEqual(150 + 250 + 138);
    expect(found.length).toBeLessThanOrEqual(150 + 250 + 140);
    expect(made.parts.map(({ startMs, atMs }) => [startMs, atMs])).toEqual([
      [4_000, 0],
      [0, 6_000],
      [0, 16_000],
    ]);
    expect(made.parts.reduce((sum, part) => sum + part.frames, 0)).toBe(found.length);
    const about = await describeMp4(join(dir, 'film.mp4'));
    expect(about).toMatchObject({ faststart: true, width: 320 });
    expect(Math.abs(about!.durationMs - 21_560)).toBeLessThan(120);
    // Sound of the same length, without a hole: as many AAC frames as its length asks for.
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-select_streams', 'a', '-count_packets', '-of', 'csv=p=0'],
      ...['-show_entries', 'stream=nb_read_packets,duration', join(dir, 'film.mp4')],
    ]);
    const [seconds, packets] = stdout.trim().split(',').map(Number);
    expect(Math.abs(seconds! - 21.5)).toBeLessThan(0.2);
    expect(Math.abs(packets! - (seconds! * 44_100) / 1_024)).toBeLessThan(5);
  });

  it('are not put together where they are coded differently', async () => {
    const other = join(dir, 'other.mp4');
    await ffmpeg(['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=25:duration=1', '-c:v', 'libx264', other]);
    const [a, b, c] = [await complete(files[0]!), await complete(files[1]!), await complete(other)];
    expect([fits(a, b), fits(a, c)]).toEqual([true, false]);
    const span = { fromMs: 0, toMs: 500 };
    expect(() =>
      cut([
        { file: a, ...span },
        { file: c, ...span },
      ]),
    ).toThrow(/do not go together/);
    // The header may stand at the end, as cameras write it.
    expect(c.tracks[0]!.samples.dts).toHaveLength(25);
  });

  it('give the picture of a moment for the price of one frame', async () => {
    const { read, asked } = reading(files[1]!);
    const film = await keyframesAt(read, (await stat(files[1]!)).size, [0, 2_500, 2_900, 9_999]);
    await writeFile(join(dir, 'stills.mp4'), film);
    const all = await frames(files[1]!);
    expect(await frames(join(dir, 'stills.mp4'))).toEqual([all[0], all[50], all[50], all[225]]);
    // Header, and three frames: two moments share one.
    expect(asked).toHaveLength(4);
  });

  it('become a sheet of small pictures once, and H.264 from the middle on', async () => {
    const root = join(dir, 'archive');
    const entry = segment('gate', at('2026-05-03', '12:00'), at('2026-05-03', '12:00:10'), { width: 320, height: 180 });
    const archive = new ObjectArchive({ reader: new FolderReader(root), site: 'home', onProblem: () => undefined });
    await run('mkdir', ['-p', join(root, entry.key, '..')]);
    await ffmpeg([
      '-i',
      files[0]!,
      '-c:v',
      'libx265',
      '-x265-params',
      'log-level=none:keyint=25',
      '-preset',
      'ultrafast',
      '-tag:v',
      'hvc1',
      '-c:a',
      'copy',
      join(root, entry.key),
    ]);
    const known = { ...entry, bytes: (await stat(join(root, entry.key))).size };

    const sprites = new Sprites({ ffmpeg: 'ffmpeg', folder: join(dir, 'sheets'), layout: spriteLayout });
    const [sheet, same] = await Promise.all([1, 2].map(() => sprites.sheet(archive, known, signal)));
    expect(sheet).toBe(same);
    expect(readJpeg(sheet!)).toMatchObject({ width: 5 * 160, height: 90 });
    expect(await readdir(join(dir, 'sheets'))).toHaveLength(1);

    // One of them costs the header, here at the end, and a frame; goes before a sheet, and leaves nothing behind.
    const ended: string[] = [];
    const asked: Partial<ByteRange>[] = [];
    const counting: Pick<ObjectArchive, 'open'> = {
      open: (key, range) => {
        asked.push(range!);
        return archive.open(key, range);
      },
    };
    const note = (name: string) => () => ended.push(`${name}, ${asked.length} read`);
    const fresh = new Sprites({ ffmpeg: 'ffmpeg', folder: join(dir, 'others'), layout: spriteLayout });
    const [picture] = await Promise.all([
      fresh.picture(counting, known, 2, signal).finally(note('picture')),
      fresh.sheet(counting, known, signal).then(note('sheet')),
    ]);
    expect(ended).toEqual(['picture, 3 read', 'sheet, 10 read']);
    expect(readJpeg(picture)).toMatchObject({ width: 320, height: 180 });
    expect(await readdir(join(dir, 'others'))).toHaveLength(1);
    await expect(fresh.picture(archive, known, 5, signal)).rejects.toMatchObject({ code: 'unknown-picture' });

    const transcoder = new Transcoder('ffmpeg');
    const { stream, startMs } = await transcoder.film(archive, known, 7_400, signal);
    expect(startMs).toBe(known.start + 7_000);
    await writeFile(join(dir, 'again.mp4'), await buffer(stream));
    expect((await describeMp4(join(dir, 'again.mp4')))?.codecs[0]).toMatch(/^avc1/);
    // ffmpeg may show the first or last one twice.
    expect(Math.abs((await frames(join(dir, 'again.mp4'))).length - 75)).toBeLessThanOrEqual(2);

    await rm(join(root, entry.key));
    expect(await sprites.sheet(archive, known, signal)).toEqual(sheet);
    await sprites.forget(known.key);
    await expect(sprites.sheet(archive, known, signal)).rejects.toMatchObject({ code: 'unknown-key' });
    await expect(transcoder.film(archive, known, 0, signal)).rejects.toMatchObject({ code: 'unknown-key' });
  });
});
