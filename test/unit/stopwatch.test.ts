import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Stopwatch } from '../peers/stopwatch.js';

it('a stopwatch counts what is waited for, and not what the machine withholds', async () => {
  const waiting = new Stopwatch();
  const before = performance.now();
  await delay(400);
  const waited = waiting.stop();
  expect(waited).toBeLessThanOrEqual(performance.now() - before);
  // Even where every wake-up is late, each tick counts.
  expect(waited).toBeGreaterThan(40);

  const held = new Stopwatch();
  for (const end = performance.now() + 1_000; performance.now() < end; );
  await delay(1);
  expect(held.stop()).toBeLessThan(100);
});
