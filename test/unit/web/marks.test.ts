import { expect, it } from 'vitest';
import type { Clip } from '../../../web/src/player/plan.js';
import { stretchOf, tallyOf } from '../../../web/src/timeline/marks.js';

it('an export reaches from one mark to the other, whichever was set first; else a minute', () => {
  expect(stretchOf({ in: 90_000, out: 30_000 }, 0)).toEqual({ from: 30_000, to: 90_000 });
  expect(stretchOf({ in: 90_000 }, 0)).toEqual({ from: 90_000, to: 150_000 });
  expect(stretchOf({ out: 90_000 }, 0)).toEqual({ from: 30_000, to: 90_000 });
  expect(stretchOf({}, 100_000)).toEqual({ from: 70_000, to: 130_000 });
});

it('what is being recorded, or still to come, is not called missing', () => {
  const clip = { type: 'segment', start: 0, end: 60_000, bytes: 600 } as Clip;
  const recorded = { kind: 'uploaded', start: 0, end: 60_000 } as const;
  const open = { kind: 'open', start: 60_000, end: 75_000 } as const;
  const span = { from: 30_000, to: 100_000 };
  expect(tallyOf(span, { spans: [recorded, open], clips: [clip] }, 80_000)).toEqual({
    ...{ bytes: 300, missingMs: 0, pendingMs: 40_000 },
  });
  // A file has just ended, and it is not known yet that another has begun.
  expect(tallyOf(span, { spans: [recorded], clips: [clip] }, 63_000)).toMatchObject({
    missingMs: 0,
    pendingMs: 40_000,
  });
  // Nobody says that anything is recorded: only what is to come is left out.
  expect(tallyOf(span, { spans: [recorded], clips: [clip] }, 80_000)).toEqual({
    ...{ bytes: 300, missingMs: 20_000, pendingMs: 20_000 },
  });
});
