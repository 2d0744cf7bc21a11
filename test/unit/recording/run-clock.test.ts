import { describe, expect, it } from 'vitest';
import { RunClock } from '../../../src/recording/run-clock.js';

const WALL = Date.UTC(2026, 4, 3, 12);
/** Media time 0 was at this monotonic time. */
const BORN = 5_000;

const onTime = (_: number): number => 0;

/** Streams to a clock: each second a report, late by `lateMs`; the camera's clock runs `ppm` fast. */
function stream(clock: RunClock, seconds: number, { ppm = 0, lateMs = onTime, from = 0 } = {}): number {
  for (let n = from; n <= seconds; n++) clock.arrived(n * 1_000 * (1 + ppm / 1e6), BORN + n * 1_000 + lateMs(n));
  return seconds * 1_000 * (1 + ppm / 1e6);
}
const started = () => new RunClock(WALL, 4_000);
const bornAt = WALL + BORN - 4_000;

describe("a run's clock", () => {
  it('settles on the earliest of the arrivals at the start, and says so once', () => {
    const clock = started();
    const lateness = [400, 150, 30, 90, 10];
    expect(clock.settled).toBe(false);
    const settled = lateness.map((late, n) => clock.arrived(n * 1_000, BORN + n * 1_000 + late));
    expect(settled).toEqual([false, false, false, false, true]);
    expect(clock.wallAt(0)).toBe(bornAt + 10);
    expect(clock.wallAt(2_500)).toBe(bornAt + 10 + 2_500);
    expect(clock.arrived(5_000, BORN + 5_000)).toBe(false);
    // Settled: what arrives earlier than any before moves it no more than a drift could.
    expect(clock.wallAt(0)).toBe(bornAt + 10);
  });

  it('knows nothing before the first arrival, and can be settled early', () => {
    const clock = started();
    expect(clock.wallAt(0)).toBeUndefined();
    clock.arrived(1_000, BORN + 1_020);
    clock.settle(1_000);
    expect(clock.settled).toBe(true);
    expect(clock.wallAt(0)).toBe(bornAt + 20);
    expect(clock.arrived(5_000, BORN + 5_000)).toBe(false);
  });

  it.each([400, -400])('follows a camera whose clock is off by %d ppm, through jitter', (ppm) => {
    const clock = started();
    const late = (n: number) => [0, 40, 7, 900, 3][n % 5]!;
    const media = stream(clock, 3_600, { ppm, lateMs: late });
    // Uncorrected, an hour would be off by 1.4 s.
    expect(Math.abs(clock.wallAt(media)! - (bornAt + 3_600_000))).toBeLessThan(100);
  });

  it('never follows faster than 500 ppm: a clock that is broken, or a network that is suddenly slow', () => {
    const clock = started();
    stream(clock, 60);
    const before = clock.wallAt(0)!;
    stream(clock, 3_600, { from: 61, lateMs: () => 60_000 });
    const moved = clock.wallAt(0)! - before;
    expect(moved).toBeGreaterThan(1_000);
    expect(moved).toBeLessThanOrEqual(3_600_000 * 500e-6);
  });

  it('reads the wall once: it may step while a run lasts', () => {
    const clock = new RunClock(WALL, 0);
    // Nothing but monotonic time ever reaches it; were the wall asked again, this would differ.
    stream(clock, 120);
    expect(clock.wallAt(120_000)).toBe(WALL + BORN + 120_000);
  });
});
