import { expect, it } from 'vitest';
import { capProof } from './cap-proof.js';

/**
 * Ten seconds on a machine that does other things: never more than is allowed, and not much less. `npm run prove -- cap` takes a
 * minute, and allows 5 % either way.
 */
it('holds upload.limit against a real server, and follows its timetable', async () => {
  const report = await capProof(10, { low: 0.6, high: 1.05 });
  expect(report.violations).toEqual([]);
}, 60_000);
