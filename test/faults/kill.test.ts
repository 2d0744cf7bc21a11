import { expect, it } from 'vitest';
import { killCycles } from './kill-cycles.js';

it('SIGKILL at random moments: nothing finished is lost, doubled or damaged, no more than one group of pictures is missing, and every kill is a gap', async () => {
  const report = await killCycles(3);
  expect(report.violations).toEqual([]);
  expect(report.segments).toBeGreaterThan(8);
  expect(Object.values(report.lostFrames).map((lost) => lost.length)).toEqual([2, 2, 2]);
}, 300_000);
