import { expect, it } from 'vitest';
import { backlogProof } from './backlog-proof.js';

/** Beside the rest of the suite; `npm run prove -- backlog` takes 100,000 files and allows half of this. */
it('starts with thousands of files waiting in no time and little memory, and sends what happened last first (I8)', async () => {
  const report = await backlogProof(5_000, { readyMs: 20_000, megabytes: 200 });
  expect(report.violations).toEqual([]);
}, 300_000);
