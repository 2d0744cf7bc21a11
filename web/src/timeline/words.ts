import { GAP_CAUSES } from '../../../src/segment.js';
import type { Moment } from './model.js';

/** What a stretch of the bar means, in words. */
export const MEANINGS = {
  uploaded: 'recorded and uploaded',
  waiting: 'recorded, not yet uploaded',
  open: 'being recorded',
  gap: 'gap: footage is missing',
  nothing: 'nothing recorded',
  future: 'still to come',
} as const;

/** What is known about one moment: for a gap, its cause. */
export function explain(moment: Moment): string {
  if (moment.kind !== 'gap') return MEANINGS[moment.kind];
  const cause = moment.cause ? GAP_CAUSES[moment.cause] : 'no cause is known';
  return moment.detail ? `${cause} (${moment.detail})` : cause;
}
