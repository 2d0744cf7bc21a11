import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeMp4 } from '../../../lib/mp4/describe.js';
import { Fragment } from '../../../lib/mp4/fragment.js';
import { firstMediaTime, newestFragment, scanFragments } from '../../../lib/mp4/fragments.js';
import { initSegment } from '../../../lib/mp4/init-segment.js';
import { readMovie } from '../../../lib/mp4/movie.js';
import { mp4a } from '../../../lib/mp4/sample-entries.js';
import { SampleReader } from '../../../lib/mp4/samples.js';
import { sealFragments } from '../../../lib/mp4/seal.js';
import { SLAB_BYTES, Slabs } from '../../../lib/mp4/slabs.js';
import { H264Sets } from '../../../lib/rtsp/parameter-sets.js';
import { parseAdts } from '../../../lib/simulator/adts.js';
import { accessUnits, splitNals } from '../../../lib/simulator/annexb.js';
import { AAC, contents, ffmpeg, H264, PICTURE, sealWithFfmpeg, TONE } from './sources.js';

const START = 3_000_000_000;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fragment-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** What ffmpeg encodes, as a camera sends it: pictures and frames of sound with their times. */
async function encoded() {
  const [video, audio] = [join(dir, 'x.h264'), join(dir, 'x.aac')];
  ffmpeg(...PICTURE, '-t', '5', ...H264, '-f', 'h264', video);
  ffmpeg(...TONE, '-t', '5', ...AAC, '-f', 'adts', audio);
  const nals = splitNals(await readFile(video));
  const sets = new H264Sets();
  for (const nal of nals) sets.note(nal);
  const pictures = accessUnits(nals).map(({ nals: of, key }, n) => {
    const data = Buffer.concat(of.flatMap((nal) => [Buffer.from(Uint32Array.of(nal.length).buffer).reverse(), nal]));
    return { pts: START + n * 9_000, dts: START + n * 9_000, key, data };
  });
  const sound = parseAdts(await readFile(audio));
  const frames = sound.frames.map((data, n) => {
    const at = Math.round((START * sound.sampleRate) / 90_000) + n * 1_024;
    return { pts: at, dts: at, key: true, data };
  });
  const soundTrack = {
    ...{ kind: 'audio' as const, timescale: sound.sampleRate, width: 0, height: 0 },
    entry: mp4a(sound.config, sound.sampleRate, sound.channels),
  };
  return { pictures, frames, header: initSegment([sets.format!, soundTrack]) };
}

/** A file with a fragment for each group of pictures and the sound of its time. */
async function write(name: string, withSound = true): Promise<string> {
  const { pictures, frames, header } = await encoded();
  const slabs = new Slabs(8);
  const fragment = new Fragment(slabs);
  const parts = [header];
  const sound = withSound ? [...frames] : [];
  for (const [n, picture] of pictures.entries()) {
    fragment.video(picture);
    const end = START + (n + 1) * 9_000;
    const last = n + 1 === pictures.length;
    while (sound[0] && (last || sound[0].dts / 48_000 < end / 90_000)) fragment.audio(sound.shift()!);
    if (!last && !pictures[n + 1]!.key) continue;
    const taken = fragment.take(end, 1_024);
    expect(taken.length).toBe(Buffer.concat(taken.parts).length);
    // Memory given back is used again: what was taken must have been copied by then.
    parts.push(Buffer.concat(taken.parts));
    slabs.give(taken.slabs);
  }
  const file = join(dir, `${name}.mp4`);
  await writeFile(file, Buffer.concat(parts));
  return file;
}

describe('fragments of our own', () => {
  it('are read by what reads those of ffmpeg', async () => {
    const file = await write('read');
    expect(await scanFragments(file)).toMatchObject({ count: 5, wholeEnd: (await readFile(file)).length });
    expect(await firstMediaTime(file)).toBeCloseTo((START * 1_000) / 90_000, 3);
    expect(await describeMp4(file)).toMatchObject({ width: 160, height: 90, codecs: ['avc1.42c00a', 'mp4a.40.2'] });
    expect((await newestFragment(file))!.length).toBeGreaterThan(1_000);
  });

  it('hold every picture and every frame of sound, as ffmpeg reads them', async () => {
    const { pictures, frames } = await encoded();
    const found = contents(await write('whole'));
    expect(found['packets of 0']).toHaveLength(pictures.length);
    expect(found['packets of 1']).toHaveLength(frames.length);
    expect(found['packets of 0']!.map((row) => row.split(',').slice(1, 3))).toEqual(
      pictures.map(({ pts, dts }) => [String(pts), String(dts)]),
    );
    const hashes = found['frames of 1']!.map((row) => row.split(',').at(-1));
    expect(hashes).toEqual(frames.map(({ data }) => createHash('sha256').update(data).digest('hex')));
    const keys = found['packets of 0']!.filter((row) => row.includes('K_')).length;
    expect(keys).toBe(5);
  });

  it.each([true, false])('are sealed as ffmpeg seals them (sound: %s)', async (withSound) => {
    const file = await write('seal', withSound);
    const [ours, theirs] = [join(dir, 'ours.mp4'), join(dir, 'theirs.mp4')];
    const sealed = await sealFragments(file, ours, new AbortController().signal);
    expect(Math.abs(sealed.durationMs - 5_000)).toBeLessThan(50);
    sealWithFfmpeg(file, theirs);
    expect(contents(ours)).toEqual(contents(theirs));
  });

  it('keep pictures that are shown before their time of decoding, and pieces that begin with none of the keyframes', () => {
    const fragment = new Fragment(new Slabs(8));
    const samples = [
      { pts: 9, dts: 9, key: true },
      { pts: 8, dts: 10, key: false },
      { pts: 30, dts: 20, key: false },
      { pts: 40, dts: 40, key: false },
    ];
    const bytes: Buffer[] = [];
    for (const [n, sample] of samples.entries()) {
      fragment.video({ ...sample, data: Buffer.alloc(10 + n, n) });
      if (n === 2) bytes.push(Buffer.concat(fragment.take(40, 0).parts));
    }
    bytes.push(Buffer.concat(fragment.take(50, 0).parts));
    const sets = new H264Sets();
    for (const set of ['6742c016d900a02ff970110000030001000003000a0f162e48', '68cb83cb20'])
      sets.note(Buffer.from(set, 'hex'));
    const header = initSegment([sets.format!]);
    const movie = readMovie(header.subarray(header.readUInt32BE(0)));
    const reader = new SampleReader(movie.tracks);
    for (const one of bytes) {
      const moof = one.readUInt32BE(0);
      reader.add(one.subarray(0, moof), 0, { type: 'mdat', start: moof, body: moof + 8, end: one.length });
    }
    const read = reader.of(movie.tracks[0]!);
    expect(read.dts).toEqual([9, 10, 20, 40]);
    expect(read.cts).toEqual([0, -2, 10, 0]);
    expect(read.keys).toEqual([1]);
    expect(read.end).toBe(50);
  });

  it('are written from memory that is used again', () => {
    const slabs = new Slabs(2);
    const fragment = new Fragment(slabs);
    const sample = { pts: 0, dts: 0, key: true };
    const big = Buffer.alloc(3 * SLAB_BYTES + 5, 7);
    fragment.video({ ...sample, data: big });
    const first = fragment.take(1, 0);
    expect(Buffer.concat(first.parts.slice(1)).equals(big)).toBe(true);
    expect(first.slabs).toHaveLength(4);
    slabs.give(first.slabs);
    fragment.video({ ...sample, dts: 1, pts: 1, data: big });
    const second = fragment.take(2, 0);
    expect(second.slabs.filter((slab) => first.slabs.includes(slab))).toHaveLength(2);
    expect(fragment.length).toBe(0);
  });
});
