import { expect, it } from 'vitest';
import { dayProof } from './day-proof.js';

/** `npm run prove -- day` does it for 24 hours. */
it('accounts for two simulated hours with both changes of summer time and random faults, to the second', async () => {
  const report = await dayProof(2, 1);
  expect(report.violations).toEqual([]);
  expect(report.faults['clock set']).toBeGreaterThan(0);
  for (const { files, gaps } of Object.values(report.cameras)) {
    expect(files).toBeGreaterThan(20);
    expect(gaps).toBeGreaterThan(0);
  }
});
