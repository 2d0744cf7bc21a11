import { expect, it } from 'vitest';
import { rtspFuzz } from './rtsp-fuzz.js';

it('streams with bytes changed, left out, doubled and put in end in a known way, and what is recorded of them is whole', async () => {
  const report = await rtspFuzz(400);
  expect(report.violations).toEqual([]);
  // Most of them got as far as their packets, and each way to end was met.
  expect(report.units).toBeGreaterThan(10_000);
  expect(Object.keys(report.ends)).toEqual(expect.arrayContaining(['stream-ended', 'stream-invalid', 'unreachable']));
}, 120_000);
