import { expect, it } from 'vitest';
import { webFuzz } from './web-fuzz.js';

it('gives nothing to requests that try other paths, ranges, names of ours, or other sites', async () => {
  const { tried, violations } = await webFuzz(250, 7);
  expect(Object.keys(tried)).toEqual(['traversal', 'range', 'rebinding', 'cross-origin']);
  expect(violations).toEqual([]);
});
