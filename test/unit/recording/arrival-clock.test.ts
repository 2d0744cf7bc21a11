import { beforeEach, describe, expect, it } from 'vitest';
import { ArrivalClock } from '../../../src/recording/arrival-clock.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const NOON = Date.UTC(2026, 4, 3, 12);

describe('when pictures were made', () => {
  let clock: FakeClock;
  let arrivals: ArrivalClock;
  beforeEach(() => {
    clock = new FakeClock(NOON);
    arrivals = new ArrivalClock(clock);
  });
  /** Nobody sleeps here: time is moved without waking anyone. */
  const at = (ms: number) => clock.suspend(ms - clock.monotonic());

  it('is told by the one that came soonest, though they are read several at once', () => {
    const made: number[] = [];
    // 25 a second, read every 250 ms: those of a turn are between 10 and 250 ms old.
    for (let n = 0; n < 100; n++) {
      at(Math.ceil((n * 40 + 10) / 250) * 250);
      made.push(arrivals.arrived(n * 40) - n * 40);
    }
    for (const one of made.slice(25)) expect(Math.abs(one - NOON - 10)).toBeLessThan(15);
  });

  it.each([0.9995, 1.0005])('follows a camera whose clock runs at %f', (drift) => {
    let made = 0;
    for (let n = 0; n < 25 * 3_600; n++) {
      at(n * 40);
      made = arrivals.arrived(n * 40 * drift);
    }
    expect(Math.abs(made - NOON - 3_600_000)).toBeLessThan(50);
  });

  it.each([3_600_000, -3_600_000])('follows the wall clock when it is set by %i ms', (step) => {
    arrivals.arrived(0);
    at(1_000);
    arrivals.arrived(1_000);
    clock.stepWall(step);
    at(1_040);
    expect(arrivals.arrived(1_040)).toBe(NOON + 1_040 + step);
  });

  it('is not mistaken in a jam, however long', () => {
    for (let n = 0; n <= 25; n++) {
      at(n * 40);
      arrivals.arrived(n * 40);
    }
    at(12_000);
    for (let n = 26; n <= 300; n++) expect(Math.abs(arrivals.arrived(n * 40) - NOON - n * 40)).toBeLessThan(15);
  });

  it('follows a camera whose clock stood still, after a while', () => {
    arrivals.arrived(0);
    for (let n = 0; n <= 25 * 61; n++) {
      at(5_000 + n * 40);
      arrivals.arrived(n * 40);
    }
    expect(arrivals.arrived(61_000) - NOON).toBeCloseTo(66_000, -2);
  });
});
