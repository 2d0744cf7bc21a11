import type { Clock } from '../clock.js';
import { type ListenOptions, listen } from './listening.js';
import { type MotionChange, MotionStates, moment } from './motion-states.js';

export type { MotionHealth } from './listening.js';
export type { MotionChange } from './motion-states.js';

export interface MotionEventsOptions extends ListenOptions {
  /** Motion ends this long after the last word of a camera that never says that it ended. Default 30 s. */
  holdOffMs?: number;
}

export const HOLD_OFF_MS = 30_000;

/**
 * The motion one camera reports, for as long as `signal` allows; leaving the loop does the same. Nothing is asked of the
 * camera before the first step, and when this has ended, its place at the camera is free again.
 *
 * It never throws and never ends by itself: failures are reported, and everything is set up anew.
 */
export async function* motionEvents(
  options: MotionEventsOptions,
  signal: AbortSignal,
): AsyncGenerator<MotionChange, void, undefined> {
  const { clock, holdOffMs = HOLD_OFF_MS } = options;
  const states = new MotionStates({ holdOffMs });
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const batches = listen(options, states, stop.signal);
  let next = batches.next();
  try {
    while (!stop.signal.aborted) {
      const batch = await firstOf(next, states.nextExpiry(), clock);
      yield* batch ? (batch.value ?? []) : states.expire(moment(clock));
      if (batch) next = batches.next();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort();
    await batches.return();
  }
}

/** The next batch, or undefined if something is to be ended before it comes. */
async function firstOf<T>(next: Promise<T>, until: number | undefined, clock: Clock): Promise<T | undefined> {
  if (until === undefined) return await next;
  const waiting = new AbortController();
  const due = clock.sleep(Math.max(0, until - clock.monotonic()), waiting.signal).then(() => undefined);
  try {
    return await Promise.race([next, due]);
  } finally {
    waiting.abort();
  }
}
