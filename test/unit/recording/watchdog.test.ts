import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Watchdog } from '../../../src/recording/watchdog.js';
import { FakeClock } from '../../simulators/fake-clock.js';

let clock: FakeClock;
let dog: Watchdog;
let stop: AbortController;
let running: Promise<void>;
beforeEach(() => {
  clock = new FakeClock();
  dog = new Watchdog(clock);
  stop = new AbortController();
  running = dog.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
});

const hasBarked = () => dog.signal.aborted;

describe('the watchdog', () => {
  it('notices within 15 s that a stream does not begin', async () => {
    await clock.advance(12_500);
    expect(hasBarked()).toBe(false);
    await clock.advance(2_500);
    expect(hasBarked()).toBe(true);
    expect(() => dog.throwIfBarked()).toThrow(expect.objectContaining({ code: 'silent', kind: 'transient' }));
  });

  it('notices 10 s of silence before 15 s have passed', async () => {
    dog.feed();
    await clock.advance(9_500);
    expect(hasBarked()).toBe(false);
    await clock.advance(5_000);
    expect(hasBarked()).toBe(true);
    expect(() => dog.throwIfBarked()).toThrow(/no picture for 1[0-4] s/);
  });

  it('is quiet as long as frames come', async () => {
    for (let n = 0; n < 60; n++) {
      dog.feed();
      await clock.advance(1_000);
    }
    expect(hasBarked()).toBe(false);
    dog.throwIfBarked();
  });

  it('does not blame the camera when the machine slept, and barks when silence goes on afterwards', async () => {
    dog.feed();
    const [wake] = await sleepMachine(60_000);
    expect(wake).toBe(false);
    await clock.advance(9_000);
    expect(hasBarked()).toBe(false);
    await clock.advance(3_000);
    expect(hasBarked()).toBe(true);
  });

  it.each([
    ['stopped by its run', () => dog.stop()],
    ['stopped from above', () => stop.abort()],
  ])('ends without barking when it is %s', async (_, end) => {
    dog.feed();
    end();
    await running;
    expect(hasBarked()).toBe(true);
    dog.throwIfBarked();
  });

  it('ends at once when it was stopped before it began', async () => {
    const late = new Watchdog(clock);
    await late.run(AbortSignal.abort());
    expect(late.signal.aborted).toBe(true);
    late.throwIfBarked();
  });

  /** Time passes, and nobody is woken on the way: as on a machine that was suspended. */
  async function sleepMachine(ms: number): Promise<[boolean]> {
    clock.suspend(ms);
    await clock.advance(0);
    return [hasBarked()];
  }
});
