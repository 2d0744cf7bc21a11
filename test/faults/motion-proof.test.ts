import { expect, it } from 'vitest';
import { motionProof } from './motion-proof.js';

/** A few events here; `npm run prove -- motion --size 50` does as many. */
it('records every event from its pre-roll to its post-roll, whatever the moment', async () => {
  const report = await motionProof(3);
  expect(report).toMatchObject({ events: 3, violations: [] });
  expect(report.share).toBeLessThan(1);
}, 240_000);
