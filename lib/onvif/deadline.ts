import type { Clock } from '../clock.js';
import { abortedFailure, timedOutFailure } from './failures.js';

export interface DeadlineOptions {
  clock: Clock;
  /** Who is waited for, in the message. */
  name: string;
  deadlineMs: number;
  signal?: AbortSignal;
}

/**
 * Gives `work` a signal that aborts at the deadline or when `signal` does, and settles then whatever the work still does:
 * one limit for all of a call, because a byte every half second outlives any limit on silence.
 */
export async function withDeadline<T>(options: DeadlineOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, name, deadlineMs, signal } = options;
  const limit = new AbortController();
  const ended = new AbortController();
  // Not AbortSignal.any: on a signal as long-lived as the program, each use would leave something behind.
  const onAbort = () => limit.abort(abortedFailure());
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) onAbort();
  void clock.sleep(deadlineMs, ended.signal).then(() => {
    if (!ended.signal.aborted) limit.abort(timedOutFailure(name, deadlineMs));
  });
  try {
    return await raceAbort(work, limit.signal);
  } finally {
    ended.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function raceAbort<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw signal.reason;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work(signal), aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
