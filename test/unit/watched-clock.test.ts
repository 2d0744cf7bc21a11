import { beforeEach, describe, expect, it } from 'vitest';
import { type ClockStep, WatchedClock } from '../../lib/watched-clock.js';
import { FakeClock } from '../simulators/fake-clock.js';

const START = Date.UTC(2026, 2, 29, 0, 59, 59);

let system: FakeClock;
let sleptMs: number;
let steps: ClockStep[];
let clock: WatchedClock;

beforeEach(() => {
  system = new FakeClock(START);
  [sleptMs, steps] = [0, []];
  clock = new WatchedClock(system, () => system.monotonic() + sleptMs);
  clock.onStep = (step) => steps.push(step);
});

describe('a clock that is watched', () => {
  it.each([86_400_000, -86_400_000, 2_500, -START])(
    'tells of being set by %d ms, once, and before it shows it',
    (byMs) => {
      let seen: number | undefined;
      clock.onStep = (step) => {
        // Whoever is told may ask what time it is.
        seen = clock.now();
        steps.push(step);
      };
      system.stepWall(byMs);
      expect(clock.now()).toBe(START + byMs);
      expect(steps).toEqual([{ at: START + byMs, byMs }]);
      expect(seen).toBe(START + byMs);
      clock.now();
      expect(steps).toHaveLength(1);
    },
  );

  it('takes time that passes for time that passes, through both changes of summer time', async () => {
    for (let day = 0; day < 300; day++) {
      await system.advance(86_400_000);
      clock.now();
    }
    expect(steps).toEqual([]);
  });

  it('lets time servers correct it little by little, however far', () => {
    for (let n = 0; n < 100; n++) {
      system.stepWall(1_900);
      clock.now();
    }
    expect(steps).toEqual([]);
  });

  it('does not take a machine that was suspended for a clock that was set', () => {
    sleptMs = 3_600_000;
    system.stepWall(3_600_000);
    clock.now();
    expect(steps).toEqual([]);
    // Set and suspended at once: only what it was set by.
    sleptMs += 600_000;
    system.stepWall(600_000 + 86_400_000);
    clock.now();
    expect(steps.map(({ byMs }) => byMs)).toEqual([86_400_000]);
  });
});
