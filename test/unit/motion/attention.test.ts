import { expect, it } from 'vitest';
import { Random } from '../../../bench/motion/random.js';
import { PictureSizes } from '../../../lib/motion-analysis/picture-sizes.js';
import { Attention } from '../../../src/motion/analysis/attention.js';

const FPS = 15;
const GROUP = 30;

interface Play {
  seconds: number;
  /** Something moves in pictures of these seconds, and is seen where they are decoded. */
  moves?: readonly [from: number, to: number];
  /** What a decoded picture shows of it. Default: all that moves. */
  sees?: (seconds: number) => boolean;
  bytes?: (moving: boolean, random: Random) => number;
  keyEvery?: number;
}

const quiet = (moving: boolean, random: Random) => 60 + 12 * random.bell() + (moving ? 200 : 0);

/** Plays generated sizes, and decodes what is asked for. Returns the seconds of the pictures decoded, keyframes or not, and those told to move. */
function play({ seconds, moves = [-1, -1], sees, bytes = quiet, keyEvery = GROUP }: Play) {
  const random = new Random(7);
  const sizes = new PictureSizes(640 * 360);
  const attention = new Attention();
  const told: number[] = [];
  const decoded: number[] = [];
  const keys: number[] = [];
  let held: number[] = [];
  for (let picture = 0; picture < seconds * FPS; picture++) {
    const at = picture / FPS;
    const key = picture % keyEvery === 0;
    const moving = at >= moves[0] && at < moves[1];
    const verdict = sizes.take(key ? 40_000 : bytes(moving, random), key, attention.isCalm);
    const { decode, goesOn } = attention.picture(at * 1_000, key, verdict);
    if (goesOn) told.push(at);
    held = key ? [at] : [...held, at];
    const taken = decode === 'all' ? held.splice(0) : decode === 'key' && key ? held.splice(0, 1) : [];
    for (const one of taken) {
      decoded.push(one);
      if (key && one === at) keys.push(one);
      const seen = one >= moves[0] && one < moves[1] && (sees?.(one) ?? true);
      attention.looked({ stirs: seen, moving: seen ? { score: 0.5, region: [0, 0, 1, 1] } : undefined }, one * 1_000);
      if (seen) told.push(one);
    }
  }
  return { told, decoded, keys };
}

const between = (all: readonly number[], from: number, to: number) => all.filter((at) => at >= from && at < to);

it('decodes hardly anything while all is calm, and a keyframe now and then', () => {
  const { decoded, keys } = play({ seconds: 120 });
  expect(between(decoded, 10, 120).length).toBeLessThan(110 * FPS * 0.1);
  const calm = between(keys, 10, 120);
  // By its size alone nearly one in three would be doubtful; no two are further apart than what is refreshed, and a group.
  expect(calm.length).toBeLessThan(45);
  expect(Math.max(...calm.map((at, index) => at - (calm[index - 1] ?? 10)))).toBeLessThanOrEqual(8);
});

it('decodes from the keyframe on when something moves, and hardly anything once it was seen', () => {
  const { told, decoded } = play({ seconds: 60, moves: [41, 57] });
  // All of the group it begins in up to where it is seen, and nothing more of that.
  expect(between(decoded, 40, 41.01)).toHaveLength(FPS + 1);
  expect(between(decoded, 41.01, 42)).toEqual([]);
  expect(between(told, 41, 41.1)).not.toEqual([]);
  expect(between(decoded, 43, 57).length).toBeLessThan(2 * FPS);
  // And it is told to go on all that time, with no pause as long as what ends a span.
  const pauses = told.map((at, index) => at - (told[index - 1] ?? at));
  expect(Math.max(...pauses)).toBeLessThan(0.5);
  expect(Math.max(...told)).toBeGreaterThan(56.5);
});

it('looks again and again at what was seen and does not stir the sizes any more', () => {
  let moved = 0;
  const { told } = play({
    ...{ seconds: 60, moves: [41, 57] as const },
    bytes: (moving, random) => quiet(moving && moved++ < 8, random),
  });
  const pauses = between(told, 41, 57).map((at, index, all) => at - (all[index - 1] ?? at));
  expect(Math.max(...pauses)).toBeLessThan(1);
  expect(Math.max(...told)).toBeGreaterThan(56);
});

it('takes nothing to go on that a keyframe does not show any more, however the sizes stir', () => {
  const { told, decoded } = play({ seconds: 60, moves: [41, 57], sees: (at) => at < 47 });
  expect(Math.max(...told)).toBeLessThan(48.1);
  // It looks instead, until such sizes are known to mean nothing.
  expect(between(decoded, 48.1, 50).length).toBeGreaterThan(1.5 * FPS);
});

it('decodes all that moves where a keyframe that could contradict is far away', () => {
  const { decoded } = play({ seconds: 105, moves: [61, 99], keyEvery: 300 });
  expect(between(decoded, 81, 99).length).toBeGreaterThan(17 * FPS);
});

it('decodes all where the sizes tell nothing', () => {
  const noisy = (_: boolean, random: Random) => 4_000 + 600 * random.bell();
  expect(play({ seconds: 40, bytes: noisy }).decoded).toHaveLength(40 * FPS);
});

it('looks at keyframes of groups that are larger as a whole, though no picture stands out', () => {
  // No more than the pictures differ by themselves.
  const faint = (moving: boolean, random: Random) => 60 + 25 * random.bell() + (moving ? 22 : 0);
  const calm = play({ seconds: 120, bytes: faint });
  const moving = play({ seconds: 120, bytes: faint, moves: [60, 120], sees: () => false });
  expect(between(moving.keys, 60, 72).length).toBeGreaterThan(3);
  expect(between(calm.keys, 60, 72).length).toBeLessThan(4);
});

it('can wait for pictures unless something differs in them, or in sizes that tell something', () => {
  const attention = new Attention();
  const calm = { stirs: false, blind: false, doubtful: false };
  attention.picture(0, true, calm);
  expect(attention.isUrgent).toBe(false);
  attention.picture(100, false, { ...calm, stirs: true });
  expect(attention.isUrgent).toBe(true);
  // For as long as all is decoded for that.
  attention.picture(1_600, false, calm);
  expect(attention.isUrgent).toBe(true);
  attention.picture(1_601, false, calm);
  expect(attention.isUrgent).toBe(false);
  attention.picture(1_700, false, { ...calm, stirs: true, blind: true });
  expect(attention.isUrgent).toBe(false);
  attention.looked({ stirs: true }, 1_700);
  expect(attention.isUrgent).toBe(true);
  attention.looked({ stirs: false }, 1_800);
  expect(attention.isUrgent).toBe(false);
});
