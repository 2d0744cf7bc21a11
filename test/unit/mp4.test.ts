import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { firstPicture } from '../../lib/ffmpeg/seal.js';
import { boxes, fileBoxes, findBox } from '../../lib/mp4/boxes.js';
import { describeHeader, describeMp4 } from '../../lib/mp4/describe.js';
import { firstMediaTime, newestFragment, scanFragments } from '../../lib/mp4/fragments.js';
import { type Clip, makeClip } from '../simulators/clip.js';

const run = promisify(execFile);
const never = new AbortController().signal;

let clip: Clip;
let dir: string;
let file: string;
beforeAll(async () => {
  clip = await makeClip();
  dir = await mkdtemp(join(tmpdir(), 'mp4-'));
});
beforeEach(async () => {
  file = join(dir, 'copy.mp4');
  await writeFile(file, await readFile(clip.fragmented));
});
afterAll(async () => {
  await clip.remove();
  await rm(dir, { recursive: true });
});

const box = (type: string, ...parts: (Buffer | number[])[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
};
const u32 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
const zeros = (count: number) => Buffer.alloc(count);

describe('boxes', () => {
  const large = Buffer.concat([Buffer.from(u32(1)), Buffer.from('mdat'), zeros(7), Buffer.from([20]), zeros(4)]);
  const walk = (bytes: Buffer) => [...boxes(bytes)].map(({ type, body, end }) => [type, body, end]);

  it('are walked one after another, also with sizes of 64 bits and to the end', () => {
    const open = Buffer.concat([Buffer.from(u32(0)), Buffer.from('free'), zeros(3)]);
    expect(walk(Buffer.concat([box('ftyp', [1, 2]), large, open]))).toEqual([
      ['ftyp', 8, 10],
      ['mdat', 26, 30],
      ['free', 38, 41],
    ]);
  });

  it.each([
    ['is smaller than its own header', Buffer.concat([Buffer.from(u32(4)), Buffer.from('free')])],
    ['is larger than what is left', box('free', [1]).subarray(0, 8)],
    ['has half a header', Buffer.from([0, 0, 0])],
  ])('end before one that %s', (_, broken) => {
    expect(walk(Buffer.concat([box('ftyp'), broken]))).toEqual([['ftyp', 8, 8]]);
  });

  it('are found along a path, the first of each kind', () => {
    const bytes = Buffer.concat([box('aaaa', box('xxxx')), box('bbbb', box('cccc', [7]), box('cccc', [8]))]);
    expect(bytes[findBox(bytes, 'bbbb/cccc')!.body]).toBe(7);
    expect(findBox(bytes, 'aaaa/cccc')).toBeUndefined();
  });

  it('of a file that grows are those that are whole', async () => {
    await writeFile(
      file,
      Buffer.concat([box('ftyp', [1]), box('moov', zeros(40)), box('mdat', zeros(9)).subarray(0, 12)]),
    );
    const handle = await open(file);
    const types: string[] = [];
    for await (const { type } of fileBoxes(handle)) types.push(type);
    await handle.close();
    expect(types).toEqual(['ftyp', 'moov']);
  });
});

describe('fragments', () => {
  it('are counted, one for each group of pictures, with where the whole of it ends', async () => {
    const bytes = await readFile(file);
    const found = await scanFragments(file);
    expect(found).toMatchObject({ count: 4 });
    expect(bytes.subarray(found.headerEnd + 4, found.headerEnd + 8).toString()).toBe('moof');
    expect(found.last!.end).toBe(found.wholeEnd);
    expect(found.wholeEnd).toBeLessThanOrEqual(bytes.length);
  });

  it('that were cut off do not count', async () => {
    const { last } = await scanFragments(file);
    for (const size of [last!.end - 1, last!.start + 20, last!.start]) {
      await truncate(file, size);
      expect(await scanFragments(file)).toMatchObject({ count: 3, wholeEnd: last!.start });
    }
    await appendFile(file, Buffer.alloc(50_000));
    expect((await scanFragments(file)).wholeEnd).toBe(last!.start);
  });

  it('of nothing, or of something else, are none', async () => {
    for (const content of [Buffer.alloc(0), Buffer.from('no film'), Buffer.alloc(10_000)]) {
      await writeFile(file, content);
      expect(await scanFragments(file)).toEqual({ headerEnd: 0, count: 0, last: undefined, wholeEnd: 0 });
      expect(await newestFragment(file)).toBeUndefined();
      expect(await firstMediaTime(file)).toBeUndefined();
    }
  });

  it('keep the media time of the run', async () => {
    expect(Math.abs((await firstMediaTime(file))! - clip.startMs)).toBeLessThan(100);
  });

  it('count time in the units of their own track, also where sound comes first', async () => {
    const track = (id: number, timescale: number) =>
      box('trak', box('tkhd', zeros(12), u32(id)), box('mdia', box('mdhd', zeros(12), u32(timescale))));
    const moov = box('moov', track(1, 90_000), track(2, 16_000));
    const traf = (id: number, time: number) =>
      box('traf', box('tfhd', zeros(4), u32(id)), box('tfdt', zeros(4), u32(time)));
    await writeFile(
      file,
      Buffer.concat([box('ftyp'), moov, box('moof', traf(2, 32_000), traf(1, 90_000)), box('mdat')]),
    );
    expect(await firstMediaTime(file)).toBe(2_000);
    const unknown = box('moof', traf(9, 1));
    await writeFile(file, Buffer.concat([moov, unknown, box('mdat')]));
    expect(await firstMediaTime(file)).toBeUndefined();
  });

  it('give the newest picture of a file that is being written', async () => {
    const { last } = await scanFragments(file);
    await truncate(file, last!.end - 10);
    const media = await newestFragment(file);
    const jpeg = await firstPicture('ffmpeg', media!, never);
    expect(jpeg.readUInt16BE(0)).toBe(0xffd8);
    await expect(firstPicture('ffmpeg', Buffer.from('no film'), never)).rejects.toMatchObject({
      code: 'media-damaged',
    });
  });
});

describe('what an MP4 holds', () => {
  it('is read from its header', async () => {
    const shared = { codecs: ['avc1.42c00b', 'mp4a.40.2'], width: 320, height: 180, faststart: true };
    expect(await describeMp4(clip.fragmented)).toMatchObject({ ...shared, durationMs: 0 });
    const sealed = await describeMp4(clip.sealed);
    expect(sealed).toMatchObject(shared);
    expect(Math.abs(sealed!.durationMs - clip.durationMs)).toBeLessThan(120);
  });

  it('is read from a header behind the media, too', async () => {
    const plain = join(dir, 'plain.mp4');
    await run('ffmpeg', ['-v', 'error', '-y', '-i', clip.sealed, '-map', '0:v', '-c', 'copy', plain]);
    expect(await describeMp4(plain)).toMatchObject({ codecs: ['avc1.42c00b'], faststart: false });
  });

  it('is what players call it, for H.265', async () => {
    const hevc = join(dir, 'hevc.mp4');
    const source = ['-f', 'lavfi', '-i', 'color=size=64x64:rate=5', '-t', '0.4', '-c:v', 'libx265'];
    await run('ffmpeg', ['-v', 'error', '-y', ...source, '-x265-params', 'log-level=none', '-tag:v', 'hvc1', hevc]);
    expect((await describeMp4(hevc))!.codecs).toEqual([expect.stringMatching(/^hvc1\.1\.6\.L30\.90(\.|$)/)]);
  });

  it('is nothing where there is no header, or no video', async () => {
    const sound = join(dir, 'sound.mp4');
    await run('ffmpeg', ['-v', 'error', '-y', '-i', clip.sealed, '-map', '0:a', '-c', 'copy', sound]);
    expect(await describeMp4(sound)).toBeUndefined();
    await writeFile(file, 'no film');
    expect(await describeMp4(file)).toBeUndefined();
  });

  /** A header with one picture track and one sound track of the given decoder configuration. */
  function header(config: number[], bitrate = 0, tag = 0x05): Buffer {
    const mdhd = box('mdhd', zeros(12), u32(1_000), u32(5_000), zeros(4));
    const entry = (type: string, size: number, child: Buffer) => box('stsd', zeros(8), box(type, zeros(size), child));
    const media = (kind: string, stsd: Buffer) =>
      box('trak', box('mdia', mdhd, box('minf', box(kind, zeros(8)), box('stbl', stsd))));
    const specific = [tag, 0x80, 0x80, 0x80, config.length, ...config];
    const decoder = [0x04, 13 + specific.length, 0x40, 0x15, 0, 0, 0, ...u32(bitrate), ...u32(bitrate), ...specific];
    const es = [0x03, 3 + decoder.length, 0, 1, 0, ...decoder];
    const video = media('vmhd', entry('avc1', 78, box('avcC', [1, 0x64, 0, 0x28])));
    return box('moov', video, media('smhd', entry('mp4a', 28, box('esds', zeros(4), es))));
  }

  it('takes sound it knows nothing of for AAC-LC', () => {
    expect(describeHeader(header([0x2b, 0x92], 0, 0x06), true)!.codecs[1]).toBe('mp4a.40.2');
  });

  it.each([
    ['AAC-LC', [0x11, 0x90], 0, 'mp4a.40.2'],
    ['HE-AAC', [0x2b, 0x92], 0, 'mp4a.40.5'],
    ['an escaped type', [0xf9, 0x46, 0x40], 0, 'mp4a.40.42'],
    // 0x05 is also the tag of what is looked for.
    ['a bit rate that looks like a tag', [0x11, 0x90], 0x0505, 'mp4a.40.2'],
  ])('knows %s', (_, config, bitrate, expected) => {
    expect(describeHeader(header(config, bitrate), true)).toMatchObject({
      codecs: ['avc1.640028', expected],
      durationMs: 5_000,
    });
  });
});
