import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boxes, findBox } from '../../../lib/mp4/boxes.js';
import { describeMp4 } from '../../../lib/mp4/describe.js';
import { firstMediaTime, scanFragments } from '../../../lib/mp4/fragments.js';
import { fileHeader } from '../../../lib/mp4/header.js';
import { readMovie } from '../../../lib/mp4/movie.js';
import { SampleReader } from '../../../lib/mp4/samples.js';
import { type Sealed, sealFragments } from '../../../lib/mp4/seal.js';
import { AAC, contents, ffmpeg, H264, PICTURE, record, sealWithFfmpeg, TONE } from './sources.js';

const { signal } = new AbortController();

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'seal-'));
});
afterAll(() => rm(dir, { recursive: true }));

/** Ours beside ffmpeg's; `reference` if ffmpeg is to be given another file. */
async function compare(from: string, reference = from): Promise<Sealed> {
  const [ours, theirs] = [`${from}.ours.mp4`, `${from}.theirs.mp4`];
  const sealed = await sealFragments(from, ours, signal);
  sealWithFfmpeg(reference, theirs);
  expect(contents(ours)).toEqual(contents(theirs));
  const probed = execFileSync('ffprobe', ['-v', 'error', ours], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(probed).toBe('');
  const { bytes, sha256, ...description } = sealed;
  expect(await describeMp4(ours)).toEqual({ ...description, faststart: true });
  const written = await readFile(ours);
  expect([bytes, sha256]).toEqual([written.length, createHash('sha256').update(written).digest('hex')]);
  return sealed;
}

describe('sealing makes of a recorded file what ffmpeg makes of it', () => {
  const FIVE_DAYS = 'a run of five days: its ticks need 64 bits';
  const B_FRAMES = [...PICTURE, ...TONE, ...H264, '-preset', 'medium', '-bf', '3', ...AAC];
  const H265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=10:bframes=2'];
  const UNEVEN = [...PICTURE, '-vf', "select='not(eq(mod(n,5),2))'", '-vsync', 'vfr', ...H264];
  it.each<[string, string[]]>([
    ['H.264 and AAC', [...PICTURE, ...TONE, ...H264, ...AAC]],
    ['frames shown in another order than they are decoded', B_FRAMES],
    ['video only', [...PICTURE, ...H264]],
    ['H.265 as hvc1', [...PICTURE, ...H265, '-tag:v', 'hvc1']],
    ['H.265 as hev1, with sound', [...PICTURE, ...TONE, ...H265, '-tag:v', 'hev1', ...AAC]],
    [FIVE_DAYS, [...PICTURE, ...TONE, ...H264, ...AAC, '-output_ts_offset', '432000.123']],
    ['frames of uneven length', UNEVEN],
    ['sound at 44.1 kHz', [...PICTURE, ...TONE, ...H264, '-ar', '44100', ...AAC]],
  ])('%s', async (name, args) => {
    const folder = join(dir, name.replaceAll(/\W/g, ''));
    // The first file of a run starts near zero, later ones carry the run's time.
    await compare(record(folder, args, 0));
    const later = record(folder, args, 1);
    expect(await compare(later)).toMatchObject({ width: 160, height: 90 });
    expect(await firstMediaTime(later)).toBeGreaterThan(name === FIVE_DAYS ? 432_000_000 : 3_900);
  });

  it.each<[string, string[]]>([
    ['sound half a second after the picture', [...PICTURE, '-itsoffset', '0.5', ...TONE]],
    ['the picture half a second after the sound', ['-itsoffset', '0.5', ...PICTURE, ...TONE, '-vsync', 'passthrough']],
  ])('%s', async (name, inputs) => {
    const file = record(join(dir, name.replaceAll(/\W/g, '')), [...inputs, ...H264, ...AAC], 0);
    await compare(file);
    const starts = ['v:0', 'a:0'].map((stream) => firstTime(`${file}.ours.mp4`, stream));
    expect(Math.min(...starts)).toBe(0);
    expect(Math.max(...starts)).toBeGreaterThan(0.4);
  });

  function firstTime(file: string, stream: string): number {
    const args = ['-v', 'error', '-select_streams', stream, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file];
    return Number(execFileSync('ffprobe', args, { encoding: 'utf8' }).split('\n')[0]);
  }

  it('a file that was cut off keeps its whole fragments', async () => {
    const file = record(join(dir, 'cut'), [...PICTURE, ...TONE, ...H264, ...AAC], 1);
    const { last } = await scanFragments(file);
    const whole = join(dir, 'cut', 'whole.mp4');
    await copyFile(file, whole);
    await truncate(file, last!.end - 1_000);
    await truncate(whole, last!.start);
    const { durationMs } = await compare(file, whole);
    expect(durationMs).toBeGreaterThan(2_900);
    expect(durationMs).toBeLessThan(3_100);
  });

  it('a file of one fragment', async () => {
    const file = record(join(dir, 'one'), [...PICTURE, ...TONE, ...H264, ...AAC, '-g', '40'], 1);
    expect((await scanFragments(file)).count).toBe(1);
    await compare(file);
  });
});

it('media beyond 4 GiB is found by players', async () => {
  const from = record(join(dir, 'large'), [...PICTURE, ...TONE, ...H264, ...AAC], 1);
  sealWithFfmpeg(from, `${from}.theirs.mp4`);
  const bytes = await readFile(from);
  const movie = readMovie(bytes.subarray(findBox(bytes, 'moov')!.start, findBox(bytes, 'moov')!.end));
  const reader = new SampleReader(movie.tracks);
  const all = [...boxes(bytes)];
  const media = all.filter((box) => box.type === 'mdat');
  for (const mdat of media) {
    const moof = all[all.indexOf(mdat) - 1]!;
    reader.add(bytes.subarray(moof.start, moof.end), moof.start, mdat);
  }
  const hole = 5 * 2 ** 30;
  const tracks = movie.tracks.map((track) => ({ track, samples: reader.of(track) }));
  for (const chunk of tracks.flatMap(({ samples }) => samples.chunks)) chunk.offset += hole;
  const payload = Buffer.concat(media.map((box) => bytes.subarray(box.body, box.end)));
  const { header } = fileHeader({ movie, tracks }, hole + payload.length);
  // The hole takes no room on the disk.
  const file = await open(`${from}.large.mp4`, 'w');
  await file.write(header);
  await file.write(payload, 0, payload.length, header.length + hole);
  await file.close();
  expect(contents(`${from}.large.mp4`)).toEqual(contents(`${from}.theirs.mp4`));
});

describe('what is not a recording of ours is left to ffmpeg', () => {
  const unsupported = { name: 'Failure', kind: 'permanent', code: 'media-unsupported' };
  const BOTH = [...PICTURE, ...TONE, ...H264, ...AAC];

  it.each<[string, string[], string]>([
    ['an ordinary MP4', BOTH, ''],
    ['no video', [...TONE, ...AAC], 'frag_every_frame+empty_moov+default_base_moof'],
    ['an edit list', [...BOTH, '-bf', '2'], 'frag_keyframe+delay_moov+default_base_moof'],
    ['offsets that count from elsewhere', BOTH, 'frag_keyframe+empty_moov+omit_tfhd_offset'],
    ['samples in the header', BOTH, 'frag_keyframe'],
  ])('%s', async (name, args, flags) => {
    const file = join(dir, `${name.replaceAll(/\W/g, '')}.mp4`);
    ffmpeg(...args, '-t', '3', ...(flags ? ['-movflags', flags] : []), file);
    await expect(sealFragments(file, `${file}.ours`, signal)).rejects.toMatchObject(unsupported);
    await expect(stat(`${file}.ours`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['nothing', () => Buffer.alloc(0)],
    ['only a header', (bytes) => bytes.subarray(0, findBox(bytes, 'moof')!.start)],
    ['encrypted media', (bytes) => replaced(bytes, 'avc1', (at) => bytes.write('encv', at))],
    ['fragments out of order', swapFragments],
    ['a fragment number that comes twice', (bytes) => numbered(bytes, () => 1)],
    ['a hole between the fragments', (bytes) => replaced(bytes, 'mfra', (at) => bytes.write('uuid', at))],
    [
      'a run that claims 4 billion samples',
      (bytes) => replaced(bytes, 'trun', (at) => bytes.fill(0xff, at + 8, at + 12)),
    ],
    ['media before its fragment', (bytes) => replaced(bytes, 'trun', (at) => bytes.writeInt32BE(-500, at + 12))],
    ['media after its fragment', (bytes) => replaced(bytes, 'trun', (at) => bytes.writeInt32BE(2 ** 24, at + 12))],
    ['two tracks of one number', (bytes) => replaced(bytes, 'smhd', () => renumberTracks(bytes))],
  ])('%s', async (name, change) => {
    const file = record(join(dir, name.replaceAll(/\W/g, '')), BOTH, 0);
    const handle = await open(file, 'r+');
    const changed = change(await handle.readFile());
    await handle.truncate(0);
    await handle.write(changed, 0, changed.length, 0);
    await handle.close();
    await expect(sealFragments(file, `${file}.ours`, signal)).rejects.toMatchObject(unsupported);
  });

  function replaced(bytes: Buffer, type: string, edit: (at: number) => unknown): Buffer {
    const at = bytes.indexOf(type);
    expect(at).toBeGreaterThan(0);
    edit(at);
    return bytes;
  }

  function swapFragments(bytes: Buffer): Buffer {
    const [first, second, third] = [...boxes(bytes)].filter((box) => box.type === 'moof').map((box) => box.start);
    const [one, two] = [bytes.subarray(first, second), bytes.subarray(second, third)];
    return numbered(Buffer.concat([bytes.subarray(0, first), two, one, bytes.subarray(third)]), (index) => index + 1);
  }

  function numbered(bytes: Buffer, number: (index: number) => number): Buffer {
    const fragments = [...boxes(bytes)].filter((box) => box.type === 'moof');
    for (const [index, moof] of fragments.entries()) bytes.writeUInt32BE(number(index), moof.body + 12);
    return bytes;
  }

  function renumberTracks(bytes: Buffer): void {
    for (let at = bytes.indexOf('tkhd'); at > 0; at = bytes.indexOf('tkhd', at + 1)) bytes.writeUInt32BE(1, at + 16);
  }
});

describe('what goes wrong outside of the file', () => {
  const source = () => record(join(dir, 'outside'), [...PICTURE, ...H264], 0);

  it('a full disk is told as the file system tells it', async () => {
    await expect(sealFragments(source(), '/dev/full', signal)).rejects.toMatchObject({ code: 'ENOSPC', name: 'Error' });
  });

  it('so is a file that is gone', async () => {
    const gone = sealFragments(join(dir, 'gone.mp4'), join(dir, 'x'), signal);
    await expect(gone).rejects.toMatchObject({ code: 'ENOENT', name: 'Error' });
  });

  it('stops when told to', async () => {
    await expect(sealFragments(source(), join(dir, 'x'), AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
