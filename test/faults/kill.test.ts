import { expect, it } from 'vitest';
import { killCycles } from './kill-cycles.js';

it('SIGKILL at random moments: nothing finished is lost, doubled or damaged, and every kill is a gap', async () => {
  const report = await killCycles(4);
  expect(report.violations).toEqual([]);
  expect(report.segments).toBeGreaterThan(8);
}, 240_000);
