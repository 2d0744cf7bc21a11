import { describe, expect, it } from 'vitest';
import { type DetectorOptions, MotionDetector } from '../../../lib/motion-analysis/detector.js';
import { GreyScene, type Happening, HEIGHT, WIDTH } from '../../simulators/grey-scene.js';

const FPS = 7.5;

/** Looks at a scene for a while; when something moved, seconds. */
function watch(happening: Happening, seconds: number, options: Partial<DetectorOptions> = {}) {
  const scene = new GreyScene(happening);
  const detector = new MotionDetector({ width: WIDTH, height: HEIGHT, ...options });
  const moving: number[] = [];
  const stirring: number[] = [];
  let region: readonly number[] | undefined;
  for (let frame = 0; frame < seconds * FPS; frame++) {
    const at = frame / FPS;
    const sight = detector.look(scene.picture(at), at * 1_000);
    if (sight.stirs) stirring.push(at);
    if (!sight.moving) continue;
    moving.push(at);
    region ??= sight.moving.region;
    expect(sight.moving.score).toBeGreaterThan(0);
    expect(sight.moving.score).toBeLessThanOrEqual(1);
  }
  return { moving, stirring, region };
}

/** From second 10 on something crosses the picture from the left. */
const walk =
  (pixelsPerSecond: number, size: readonly [width: number, height: number] = [8, 18], tone = 40, until = 1e9) =>
  (seconds: number) =>
    seconds < 10 || seconds > until
      ? undefined
      : { x: (seconds - 10) * pixelsPerSecond - size[0], y: 50, width: size[0], height: size[1], tone };

describe('what is no motion', () => {
  const still: Record<string, Happening> = {
    nothing: {},
    'a noisy night': { noise: 6 },
    'lamps that flicker': { light: (s) => 1 + 0.12 * Math.sin(s * 11) },
    'an exposure that jumps': { light: (s) => (s > 12 && s < 20 ? 0.75 : 1) },
    clouds: { light: (s) => 1 + 0.3 * Math.sin(s / 6) },
    'infrared that is switched': { infrared: (s) => s > 12 && s < 22 },
    rain: { rain: 40, noise: 2 },
    'a mast in the wind': { shift: (s) => [Math.round(Math.sin(s * 5) * 2), Math.round(Math.cos(s * 7))] },
  };
  for (const [what, happening] of Object.entries(still)) {
    it(what, () => {
      expect(watch(happening, 30).moving).toEqual([]);
    });
  }

  it('a flash', () => {
    const flash = (s: number) => (s > 12 && s < 12.2 ? { x: 60, y: 30, width: 12, height: 12, tone: 250 } : undefined);
    expect(watch({ mover: flash }, 20).moving).toEqual([]);
  });
});

describe('a clock that the camera writes into its picture', () => {
  const [seconds, minutes] = [(s: number) => timeOfDay(s).slice(0, 8), (s: number) => timeOfDay(s).slice(0, 5)];
  const clocks: Record<string, Happening> = {
    seconds: { text: seconds },
    'tenths of seconds': { text: timeOfDay },
    'seconds, in a noisy night': { text: seconds, noise: 6 },
  };
  /** Until then it may be taken for something that moves. */
  const LEARNT_S = 20;

  for (const [what, happening] of Object.entries(clocks)) {
    it(`${what}: nothing moves once it is learnt, and nothing need be looked at`, () => {
      const { moving, stirring } = watch(happening, 105);
      expect(moving.filter((at) => at > LEARNT_S)).toEqual([]);
      expect(stirring.filter((at) => at > LEARNT_S && at < 60).length).toBeLessThan(2 * FPS);
    });

    it(`${what}: who walks behind it is seen, and something small that goes by`, () => {
      const walker = (s: number) =>
        s < 40 || s > 60 ? undefined : { x: (s - 40) * 12 - 8, y: 0, width: 8, height: 24, tone: 40 };
      const behind = watch({ ...happening, mover: walker }, 62).moving.filter((at) => at > LEARNT_S);
      expect(behind[0]).toBeGreaterThanOrEqual(40);
      expect(behind[0]).toBeLessThan(41);
      // All the while, behind it too.
      expect(Math.max(...behind.slice(1).map((at, index) => at - behind[index]!))).toBeLessThan(1);
      const small = (s: number) =>
        s < 40 ? undefined : { x: (s - 40) * 10 - 3, y: 14, width: 3, height: 4, tone: 40 };
      const below = watch({ ...happening, mover: small }, 50).moving.filter((at) => at > LEARNT_S);
      expect(below[0]).toBeGreaterThanOrEqual(40);
      expect(below[0]).toBeLessThan(41.5);
    });
  }

  it('minutes: nothing moves, ever', () => {
    expect(watch({ text: minutes, noise: 4 }, 120).moving).toEqual([]);
  });
});

/** Shortly before ten, so that a digit of each kind changes. */
function timeOfDay(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1, 9, 58, 22) + Math.floor(seconds * 10) * 100).toISOString().slice(11, 21);
}

describe('what is motion', () => {
  const movers: Record<string, [happening: Happening, withinS: number]> = {
    'somebody who walks': [{ mover: walk(20) }, 0.8],
    'somebody in a noisy night': [{ mover: walk(20), noise: 6 }, 0.9],
    'somebody while lamps flicker': [{ mover: walk(20), light: (s) => 1 + 0.12 * Math.sin(s * 11) }, 0.9],
    'somebody half a second after the light has changed': [{ mover: walk(20), light: (s) => (s > 9.5 ? 0.8 : 1) }, 0.9],
    'somebody in the rain': [{ mover: walk(20), rain: 40, noise: 2 }, 1.2],
    'something slow': [{ mover: walk(3, [14, 24]) }, 1.6],
    'something small': [{ mover: walk(10, [3, 4]) }, 1.2],
    'somebody before a mast in the wind': [
      { mover: walk(20), shift: (s) => [Math.round(Math.sin(s * 5) * 2), Math.round(Math.cos(s * 7))] },
      1.5,
    ],
  };
  for (const [what, [happening, withinS]] of Object.entries(movers)) {
    it(what, () => {
      const { moving, region } = watch(happening, 14);
      expect(moving[0]).toBeGreaterThanOrEqual(10);
      expect(moving[0]).toBeLessThan(10 + withinS);
      // On the left, where it comes in.
      expect(region![0]).toBeLessThan(0.2);
    });
  }

  it('somebody who takes the same way again and again, each time', () => {
    const rounds = [10, 20, 30, 40, 50];
    const round = (s: number) => walk(30)(s < 10 ? s : 10 + (s % 10));
    const { moving } = watch({ mover: round }, 60);
    for (const from of rounds) expect(moving.find((at) => at >= from)).toBeLessThan(from + 0.9);
  });

  it('what stopped does not move, and belongs to the place after a while', () => {
    const car = (s: number) =>
      s < 10 ? undefined : { x: Math.min(60, (s - 10) * 30 - 30), y: 50, width: 30, height: 16, tone: 30 };
    const { moving, stirring } = watch({ mover: car }, 60);
    expect(moving[0]).toBeLessThan(11);
    expect(moving.at(-1)).toBeLessThan(30);
    expect(stirring.at(-1)).toBeLessThan(35);
  });
});

describe('what is asked for', () => {
  const left = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ] as const;

  it('counts only what lies in a zone that is included', () => {
    const { moving } = watch({ mover: walk(20) }, 20, { zones: [{ kind: 'include', corners: left }] });
    expect(moving[0]).toBeLessThan(11);
    // The middle of the picture is 80 pixels, or four seconds, away.
    expect(moving.at(-1)).toBeLessThan(15);
  });

  it('does not count what lies in a zone that is excluded', () => {
    const { moving } = watch({ mover: walk(20) }, 20, { zones: [{ kind: 'exclude', corners: left }] });
    expect(moving[0]).toBeGreaterThan(13.5);
    expect(moving[0]).toBeLessThan(16);
  });

  it('sees fainter things when it is more sensitive, and passes over more when it is less', () => {
    const faint = { mover: walk(20, [8, 18], 91) };
    expect(watch(faint, 16, { sensitivity: 90 }).moving.length).toBeGreaterThan(0);
    expect(watch(faint, 16, { sensitivity: 10 }).moving).toEqual([]);
  });

  it('passes over what is smaller than asked for', () => {
    const small = { mover: walk(10, [3, 4]) };
    expect(watch(small, 16, { minArea: 0.01 }).moving).toEqual([]);
    expect(watch({ mover: walk(20) }, 14, { minArea: 0.005 }).moving.length).toBeGreaterThan(0);
  });

  it('waits for what moves as long as asked for', () => {
    const { moving } = watch({ mover: walk(20) }, 16, { minDurationMs: 2_000 });
    expect(moving[0]).toBeGreaterThanOrEqual(12);
    expect(watch({ mover: walk(40, [8, 18], 40, 11) }, 16, { minDurationMs: 2_000 }).moving).toEqual([]);
  });
});
