import { beforeEach, describe, expect, it } from 'vitest';
import { LastHeard } from '../../../src/recording/last-heard.js';
import { FakeClock } from '../../simulators/fake-clock.js';

describe('when a camera was last heard', () => {
  let clock: FakeClock;
  let heard: LastHeard;
  beforeEach(() => {
    clock = new FakeClock();
    heard = new LastHeard(clock);
  });
  /** Nobody sleeps here: time is moved without waking anyone. */
  const at = (ms: number) => clock.suspend(ms - clock.monotonic());

  it('is told by any report in time, whatever the others were late by', () => {
    at(5_000);
    heard.reported(5_000);
    // Of media that had come by 10 s.
    at(17_000);
    heard.reported(10_000);
    at(18_800);
    heard.ended(10_000);
    expect(Math.abs(heard.quietMs - 8_800)).toBeLessThan(10);
  });

  it('is told by a report in time that comes after one that was late', () => {
    at(12_000);
    heard.reported(5_000);
    at(15_000);
    heard.reported(15_000);
    at(23_800);
    heard.ended(15_000);
    expect(Math.abs(heard.quietMs - 8_800)).toBeLessThan(10);
  });

  it('is told by the files that were closed as media went on, where the only report was late', () => {
    at(2_100);
    heard.closed(2_000);
    at(4_100);
    heard.closed(4_000);
    at(11_500);
    heard.reported(5_000);
    at(13_900);
    heard.closed(5_000);
    heard.ended(5_000);
    expect(Math.abs(heard.quietMs - 8_800)).toBeLessThan(10);
  });

  it('is not told by the file that is closed because all is over', () => {
    at(100);
    heard.reported(0);
    at(10_800);
    heard.closed(2_000);
    heard.ended(2_000);
    expect(Math.abs(heard.quietMs - 8_700)).toBeLessThan(10);
  });

  it('is as early as it can have been, where nothing was told before the end', () => {
    at(10_800);
    heard.closed(2_000);
    heard.ended(2_000);
    expect(heard.quietMs).toBe(8_800);
  });

  it('is known of a camera whose clock is slow, after a day of it', () => {
    let media = 0;
    for (let second = 0; second < 86_400; second += 5) {
      at(second * 1_000);
      media = second * 1_000 * (1 - 200e-6);
      heard.reported(media);
    }
    // It hangs up: that is no silence.
    heard.ended(media);
    expect(heard.quietMs).toBeLessThan(100);
  });
});
