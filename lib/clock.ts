import { setTimeout as delay } from 'node:timers/promises';

/**
 * The only place where time is read. Wall time names things; monotonic time measures durations, because wall clocks
 * step (NTP, suspended machines, a Raspberry Pi that boots in 1970).
 */
export interface Clock {
  /** Wall time, milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes backwards. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects: callers look at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    if (signal?.aborted) return;
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      // The signal ended the wait: that is what the caller asked for. Anything else is a fault of ours.
      if (!signal?.aborted) throw error;
    }
  },
};
