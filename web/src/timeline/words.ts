import { GAP_CAUSES, OFF_REASONS } from '../../../src/segment.js';
import type { Moment } from './model.js';

/** What a stretch of the bar means, in words. */
export const MEANINGS = {
  uploaded: 'recorded and uploaded',
  waiting: 'recorded, not yet uploaded',
  frozen: 'recorded, frozen: thaw it first',
  open: 'being recorded',
  gap: 'gap: footage is missing',
  off: 'off: nothing was to be recorded',
  nothing: 'nothing recorded',
  future: 'still to come',
  motion: 'something moved',
} as const;

/** What is known about one moment: why there is no footage of it, if there is none. */
export function explain(moment: Moment): string {
  if (moment.kind === 'off' && moment.reason) return OFF_REASONS[moment.reason] ?? MEANINGS.off;
  const whence = 'backfilled' in moment && moment.backfilled ? ", fetched from the camera's own recording" : '';
  if (moment.kind !== 'gap') return MEANINGS[moment.kind] + whence;
  const cause = moment.cause ? GAP_CAUSES[moment.cause] : 'no cause is known';
  return moment.detail ? `${cause} (${moment.detail})` : cause;
}
