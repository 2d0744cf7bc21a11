import type { Clock } from './clock.js';

/** No clock that was set shows an earlier time: this program was written later. One without a battery begins in 1970. */
export const WRITTEN = Date.UTC(2025, 0, 1);

/** Where no time server is reached within this time, there is none. */
const PATIENCE_MS = 10 * 60_000;

const LOOK_MS = 1_000;

/** Whether a time (UTC ms) is one of a clock that was not set since the machine started. */
export function isUnset(time: number): boolean {
  return time < WRITTEN;
}

/** Resolves once the clock is set, or nobody can be expected to set it any more. */
export async function untilSet(clock: Clock, signal?: AbortSignal): Promise<void> {
  const began = clock.monotonic();
  while (isUnset(clock.now()) && clock.monotonic() - began < PATIENCE_MS && !signal?.aborted) {
    await clock.sleep(LOOK_MS, signal);
  }
}
