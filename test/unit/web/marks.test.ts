import { expect, it } from 'vitest';
import { stretchOf } from '../../../web/src/timeline/marks.js';

it('an export reaches from one mark to the other, whichever was set first; else a minute', () => {
  expect(stretchOf({ in: 90_000, out: 30_000 }, 0)).toEqual({ from: 30_000, to: 90_000 });
  expect(stretchOf({ in: 90_000 }, 0)).toEqual({ from: 90_000, to: 150_000 });
  expect(stretchOf({ out: 90_000 }, 0)).toEqual({ from: 30_000, to: 90_000 });
  expect(stretchOf({}, 100_000)).toEqual({ from: 70_000, to: 130_000 });
});
