import { expect, it } from 'vitest';
import { killCycles } from './kill-cycles.js';

/** Beside the rest of the suite, camera and recorder wait for the processor; `npm run prove -- kill` allows half of this. */
const BUSY_LATENCY_MS = 3_000;

it('SIGKILL at random moments: nothing finished is lost, doubled or damaged, and every kill is a gap', async () => {
  const report = await killCycles(4, undefined, BUSY_LATENCY_MS);
  expect(report.violations).toEqual([]);
  expect(report.segments).toBeGreaterThan(8);
}, 240_000);
