import { expect, it } from 'vitest';
import { Random } from '../../../bench/motion/random.js';
import { PictureSizes } from '../../../lib/motion-analysis/picture-sizes.js';

const PIXELS = 640 * 360;
const KEY_BYTES = 40_000;

/** Plays `count` pictures, a keyframe in each 30. Returns how many stirred, and whether sizes tell anything at the end. */
function play(sizes: PictureSizes, count: number, bytes: (picture: number) => number, calm = true) {
  let stirred = 0;
  let blind = false;
  for (let picture = 0; picture < count; picture++) {
    const key = picture % 30 === 0;
    const verdict = sizes.take(key ? KEY_BYTES : bytes(picture), key, calm);
    if (verdict.stirs) stirred++;
    blind = verdict.blind;
  }
  return { stirred, blind };
}

const random = new Random(3);
const quiet = () => 60 + 12 * random.bell();

it('knows nothing at first, and says so', () => {
  const { blind, stirred } = play(new PictureSizes(PIXELS), 20, quiet);
  expect([blind, stirred]).toEqual([true, 19]);
});

it('is quiet where nothing moves, and stirs with what moves', () => {
  const sizes = new PictureSizes(PIXELS);
  play(sizes, 300, quiet);
  const calm = play(sizes, 300, quiet);
  expect(calm.blind).toBe(false);
  expect(calm.stirred).toBeLessThan(6);
  // A far walker: no more than a few blocks.
  const moving = play(sizes, 10, () => quiet() + 90, false);
  expect(moving.stirred).toBeGreaterThan(4);
});

it('takes slow growth within each group of pictures for the rhythm it is', () => {
  const sizes = new PictureSizes(PIXELS);
  const drift = (picture: number) => quiet() + (picture % 30) * 5;
  play(sizes, 450, drift);
  expect(play(sizes, 450, drift).stirred).toBeLessThan(10);
  expect(play(sizes, 10, (picture) => drift(picture) + 250, false).stirred).toBeGreaterThan(4);
});

it('is blind where noise or a constant rate drown everything', () => {
  const sizes = new PictureSizes(PIXELS);
  const { blind } = play(sizes, 300, () => 4_000 + 600 * random.bell());
  expect(blind).toBe(true);
  // And sees again when that is over.
  expect(play(sizes, 400, quiet).blind).toBe(false);
});

it('does not learn from what moves', () => {
  const sizes = new PictureSizes(PIXELS);
  play(sizes, 300, quiet);
  play(sizes, 300, () => quiet() + 400, false);
  expect(play(sizes, 10, () => quiet() + 400, false).stirred).toBeGreaterThan(5);
});

it('does not learn from what moved shortly before it was seen', () => {
  const sizes = new PictureSizes(PIXELS);
  const little = () => quiet() + 60;
  play(sizes, 300, quiet);
  // Small things come into the picture unnoticed for a second, time and again.
  for (let round = 0; round < 12; round++) {
    play(sizes, 18, little);
    play(sizes, 6, little, false);
    play(sizes, 60, quiet);
  }
  expect(play(sizes, 20, little).stirred).toBeGreaterThan(12);
});
