import { describe, expect, it } from 'vitest';
import { fitBrightness } from '../../../lib/motion-analysis/brightness.js';
import { findRegions } from '../../../lib/motion-analysis/regions.js';
import { findShift } from '../../../lib/motion-analysis/shake.js';
import { Tracks } from '../../../lib/motion-analysis/tracks.js';
import { blindPixels } from '../../../lib/motion-analysis/zones.js';
import { HeldGroup } from '../../../src/motion/analysis/held-group.js';
import { MotionSpan } from '../../../src/motion/analysis/motion-span.js';
import { Outlet } from '../../../src/motion/analysis/outlet.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { GreyScene, HEIGHT, WIDTH } from '../../simulators/grey-scene.js';

const known = Float32Array.from(new GreyScene({ noise: 0 }).picture(0));

describe('light', () => {
  it('is told from what stands before the camera', () => {
    const mover = () => ({ x: 40, y: 10, width: 50, height: 60, tone: 20 });
    const picture = new GreyScene({ noise: 0, light: () => 0.7, mover }).picture(0);
    const { scale, offset } = fitBrightness(known, picture, new Uint8Array(known.length));
    expect(scale).toBeCloseTo(0.7, 1);
    expect(Math.abs(offset)).toBeLessThan(6);
  });

  it('is an offset where the place has no contrast', () => {
    const flat = new Float32Array(known.length).fill(80);
    const { scale, offset } = fitBrightness(flat, new Uint8Array(known.length).fill(95), new Uint8Array(known.length));
    expect([scale, Math.round(offset)]).toEqual([1, 15]);
  });
});

describe('shifts', () => {
  it('are found, with their direction', () => {
    const picture = new GreyScene({ noise: 1, shift: () => [2, -1] }).picture(0);
    expect(findShift(known, picture, WIDTH, { scale: 1, offset: 0 })).toEqual({ x: 2, y: -1 });
  });

  it('are not made of something that moves', () => {
    const mover = () => ({ x: 40, y: 20, width: 40, height: 50, tone: 20 });
    const picture = new GreyScene({ noise: 1, mover }).picture(0);
    expect(findShift(known, picture, WIDTH, { scale: 1, offset: 0 })).toBeUndefined();
  });
});

describe('regions', () => {
  const find = (strength: Float32Array, width: number, gap: number) =>
    findRegions(strength, new Float32Array(strength.length), width, gap);
  const map = (...lines: string[]) => {
    const strength = Float32Array.from(lines.join(''), (letter) => Number(letter));
    return { strength, width: lines[0]!.length };
  };

  it('are what touches, diagonally and over a gap', () => {
    const { strength, width } = map('11000000', '00100090', '00000000', '10000000');
    const found = find(strength, width, 0).map(({ left, top, right, bottom, pixels, mass }) => [
      ...[left, top, right, bottom, pixels, mass],
    ]);
    expect(found).toEqual([
      [0, 0, 2, 1, 3, 3],
      [6, 1, 6, 1, 1, 9],
      [0, 3, 0, 3, 1, 1],
    ]);
    const again = map('11000000', '00100090', '00000000', '10000000');
    expect(find(again.strength, again.width, 1)).toHaveLength(2);
  });

  it('do not go round the edge of the picture', () => {
    const { strength, width } = map('0001', '1000');
    expect(find(strength, width, 0)).toHaveLength(2);
  });

  it('have their middle where they are strongest', () => {
    const { strength, width } = map('1003', '0000');
    expect(find(strength, width, 2)[0]!.x).toBe(2.25);
  });

  it('tell how many of their pixels have changed since the last look', () => {
    const { strength, width } = map('1110');
    expect(findRegions(strength, Float32Array.of(0, 180, 0, 0), width, 0)[0]).toMatchObject({ pixels: 3, changed: 2 });
  });
});

it.each([
  [false, 'stays is none, though noise moves its edges: a digit that was changed'],
  [true, 'goes on changing is something that moves'],
])('what appears and (%s) %s', (goesOn) => {
  const tracks = new Tracks({ minMass: 6, minPixels: 2, minDurationMs: 200 });
  const moving = Array.from({ length: 20 }, (_, look) => {
    const left = 10 + (look % 3);
    const region = { left, right: left + 5, top: 10, bottom: 16, x: left + 2.5, y: 13, pixels: 30, mass: 120 };
    return tracks.follow([{ ...region, changed: look === 0 || goesOn ? 30 : 2 }], look * 130) !== undefined;
  });
  expect(moving.includes(true)).toBe(goesOn);
});

it('zones leave out what is not included, and what is excluded', () => {
  const half = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ] as const;
  const top = [
    [0, 0],
    [1, 0],
    [1, 0.5],
    [0, 0.5],
  ] as const;
  expect([...blindPixels([{ kind: 'include', corners: half }], 4, 2)]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  expect([...blindPixels([{ kind: 'exclude', corners: half }], 4, 2)]).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
  const both = [
    { kind: 'include', corners: half },
    { kind: 'exclude', corners: top },
  ] as const;
  expect([...blindPixels(both, 4, 2)]).toEqual([1, 1, 1, 1, 0, 0, 1, 1]);
  expect(blindPixels([], WIDTH, HEIGHT).some((pixel) => pixel !== 0)).toBe(false);
});

describe('what is held', () => {
  const picture = (key: boolean, bytes = 10) => ({ stream: Buffer.alloc(bytes), key, mediaMs: 0, arrivedMs: 0 });

  it('begins with a keyframe, and is given without a gap', () => {
    const held = new HeldGroup();
    held.add(picture(false));
    expect(held.take('all')).toEqual([]);
    for (const key of [true, false, false]) held.add(picture(key));
    expect(held.take('key').map(({ key }) => key)).toEqual([true]);
    expect(held.take('key')).toEqual([]);
    expect(held.take('all').map(({ key }) => key)).toEqual([false, false]);
    held.add(picture(false));
    expect(held.take('all')).toHaveLength(1);
  });

  it('is given up until the next keyframe', () => {
    const held = new HeldGroup();
    held.add(picture(true));
    held.drop();
    held.add(picture(false));
    expect(held.take('all')).toEqual([]);
  });

  it('is full in time', () => {
    const held = new HeldGroup();
    for (let n = 0; n < 300; n++) held.add(picture(n === 0));
    expect(held.isFull).toBe(true);
    held.take('all');
    expect(held.isFull).toBe(false);
    held.add(picture(true, 5 * 2 ** 20));
    expect(held.isFull).toBe(true);
  });
});

it('a span is open from the beginning that was told to the end that was', () => {
  const told: boolean[] = [];
  const span = new MotionSpan({ holdOffMs: 2_000, clock: new FakeClock(), push: ({ active }) => told.push(active) });
  expect(span.isOpen).toBe(false);
  span.moving({ score: 50, region: [0, 0, 1, 1] }, 1_000, 0);
  span.passed(3_000);
  expect([span.isOpen, told]).toEqual([true, [true]]);
  span.passed(3_001);
  expect([span.isOpen, told]).toEqual([false, [true, false]]);
});

describe('the outlet', () => {
  it('has room again once what it holds was taken', async () => {
    const outlet = new Outlet<number>();
    expect(outlet.room).toBeUndefined();
    outlet.push(1);
    outlet.push(2);
    const room = outlet.room!;
    let isFree = false;
    void room.then(() => {
      isFree = true;
    });
    const items = outlet[Symbol.asyncIterator]();
    expect((await items.next()).value).toBe(1);
    await Promise.resolve();
    expect(isFree).toBe(false);
    expect((await items.next()).value).toBe(2);
    await room;
    expect(outlet.room).toBeUndefined();
  });

  it('ends though nobody takes anything, and lets go of who waits', async () => {
    const outlet = new Outlet<number>();
    outlet.push(1);
    const room = outlet.room;
    outlet.end();
    await room;
    expect(outlet.room).toBeUndefined();
    expect((await outlet[Symbol.asyncIterator]().next()).done).toBe(true);
  });
});
