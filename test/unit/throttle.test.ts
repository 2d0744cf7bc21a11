import { describe, expect, it } from 'vitest';
import { Throttle } from '../../lib/remote/throttle.js';
import { FakeClock } from '../simulators/fake-clock.js';

const never = new AbortController().signal;

/** Sends for ever in pieces of its pace, and counts. */
function sender(throttle: Throttle, urgent: boolean, stop: AbortSignal) {
  const pace = throttle.pace(urgent);
  const sent = { bytes: 0 };
  void (async () => {
    while (!stop.aborted) {
      const { pieceBytes } = pace;
      await pace.take(pieceBytes, stop);
      if (!stop.aborted) sent.bytes += pieceBytes;
    }
  })();
  return sent;
}

describe('a throttle', () => {
  it.each([4_000, 125_000, 12_500_000])('keeps to %i bytes a second over a minute, whoever shares it', async (rate) => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock, () => rate);
    const stop = new AbortController();
    const [a, b] = [sender(throttle, false, stop.signal), sender(throttle, false, stop.signal)];
    await clock.advance(60_000);
    stop.abort();
    expect((a.bytes + b.bytes) / (60 * rate)).toBeGreaterThan(0.95);
    expect((a.bytes + b.bytes) / (60 * rate)).toBeLessThan(1.05);
    expect(Math.abs(a.bytes - b.bytes) / a.bytes).toBeLessThan(0.05);
  });

  it('gives the whole line to who is urgent, and the rest goes on after that', async () => {
    const clock = new FakeClock();
    const throttle = new Throttle(clock, () => 100_000);
    const [stop, over] = [new AbortController(), new AbortController()];
    const backlog = sender(throttle, false, stop.signal);
    await clock.advance(10_000);
    const before = backlog.bytes;
    const motion = sender(throttle, true, over.signal);
    await clock.advance(10_000);
    expect(backlog.bytes - before).toBeLessThanOrEqual(20_000);
    expect(motion.bytes).toBeGreaterThan(950_000);
    over.abort();
    await clock.advance(10_000);
    stop.abort();
    expect(backlog.bytes - before).toBeGreaterThan(950_000);
  });

  it('follows a changed rate, and does not save up what was not used', async () => {
    const clock = new FakeClock();
    let rate = 10_000;
    const throttle = new Throttle(clock, () => rate);
    const stop = new AbortController();
    await clock.advance(60_000);
    const sent = sender(throttle, false, stop.signal);
    await clock.advance(10_000);
    expect(sent.bytes).toBeLessThan(120_000);
    rate = 1_000_000;
    await clock.advance(10_000);
    stop.abort();
    expect(sent.bytes).toBeGreaterThan(9_000_000);
  });

  it('is no hindrance without a limit, and lets go who gives up', async () => {
    const clock = new FakeClock();
    let rate = Number.POSITIVE_INFINITY;
    const pace = new Throttle(clock, () => rate).pace(false);
    expect(pace.pieceBytes).toBe(1024 * 1024);
    await pace.take(1e12, never);
    expect(clock.sleeping).toBe(0);
    rate = 1;
    await pace.take(1e6, never);
    const stop = new AbortController();
    const waiting = pace.take(1, stop.signal);
    stop.abort();
    await waiting;
    await pace.take(1, AbortSignal.abort());
  });
});
