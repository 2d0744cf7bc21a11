import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { boxes, findBox } from '../../../lib/mp4/boxes.js';
import { describeMp4 } from '../../../lib/mp4/describe.js';
import { sealFragments } from '../../../lib/mp4/seal.js';
import { AAC, H264, PICTURE, record, TONE } from './sources.js';

const { signal } = new AbortController();
const ROUNDS = 2_000;
const EXTREMES = [0, 1, 7, 8, 16, 0x7fffffff, 0x80000000, 0xffffffff];

let dir: string;
let good: Buffer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'seal-fuzz-'));
  good = await readFile(record(dir, [...PICTURE, ...TONE, ...H264, '-bf', '2', ...AAC], 1));
});
afterAll(() => rm(dir, { recursive: true }));

/** The same numbers in every run: a failure can be looked at. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Changes up to four places of the headers, and now and then cuts the file. */
function corrupt(random: (below: number) => number): Buffer {
  const bytes = Buffer.from(good);
  const headers = [...boxes(bytes)].filter((box) => box.type !== 'mdat');
  for (let change = random(4); change >= 0; change--) {
    const box = headers[random(headers.length)]!;
    const at = box.start + random(box.end - box.start - 4);
    if (random(2)) bytes[at] = random(256);
    else bytes.writeUInt32BE(EXTREMES[random(EXTREMES.length)]!, at);
  }
  return random(8) ? bytes : bytes.subarray(0, random(bytes.length));
}

it(`${ROUNDS} damaged files: each is refused, or sealed to no more than there is`, async () => {
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  const before = process.memoryUsage.rss();
  const outcomes = { sealed: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = corrupt(numbers(round * 7919 + 1));
    await writeFile(from, bytes);
    const began = performance.now();
    const sealed = await sealFragments(from, to, signal).catch((error: unknown) => {
      expect(error, `round ${round}`).toMatchObject({ name: 'Failure', code: 'media-unsupported' });
      return undefined;
    });
    expect(performance.now() - began, `round ${round}`).toBeLessThan(5_000);
    outcomes[sealed ? 'sealed' : 'refused']++;
    if (!sealed) continue;
    const written = await readFile(to);
    expect([sealed.bytes, sealed.sha256]).toEqual([written.length, createHash('sha256').update(written).digest('hex')]);
    expect(written.length, `round ${round}`).toBeLessThan(2 * good.length);
    expect(await describeMp4(to), `round ${round}`).toMatchObject({ faststart: true, durationMs: sealed.durationMs });
    expectSamplesInside(written);
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 2 ** 20);
  // Both must have been tried.
  expect(Math.min(outcomes.sealed, outcomes.refused)).toBeGreaterThan(ROUNDS / 10);
});

/** Every chunk begins in the media, and its samples end there. */
function expectSamplesInside(file: Buffer): void {
  const mdat = findBox(file, 'mdat')!;
  const moov = findBox(file, 'moov')!;
  for (const trak of boxes(file, moov.body, moov.end)) {
    if (trak.type !== 'trak') continue;
    const table = (type: string) => {
      const { body, end } = findBox(file, `mdia/minf/stbl/${type}`, trak)!;
      return Array.from({ length: (end - body) / 4 - 1 }, (_, index) => file.readUInt32BE(body + 4 + index * 4));
    };
    const [offsets, sizes, runs] = [table('stco').slice(1), table('stsz').slice(2), table('stsc').slice(1)];
    let sample = 0;
    for (const [index, offset] of offsets.entries()) {
      const run = runs.findLastIndex((first, at) => at % 3 === 0 && first <= index + 1);
      const length = sizes.slice(sample, sample + runs[run + 1]!).reduce((sum, size) => sum + size, 0);
      sample += runs[run + 1]!;
      expect(offset).toBeGreaterThanOrEqual(mdat.body);
      expect(offset + length).toBeLessThanOrEqual(mdat.end);
    }
    expect(sample).toBe(sizes.length);
  }
}
