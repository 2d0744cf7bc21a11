import { setTimeout as delay } from 'node:timers/promises';

/** Waits until something real has happened, and says what it waited for when it never does: a bound for what is broken, not for what is slow. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await delay(50);
  }
}
