import type { FileRow } from './files.js';
import type { Ledger } from './ledger.js';

/** When footage last left this disk before every remote had it, UTC milliseconds. */
export const MIRROR_LOST_AT = 'mirror-lost-at';

/** What is lost as a file leaves this disk before every remote has it: a mirror, where some remote has a verified copy; else the footage. */
export type Loss = { of: 'mirror'; has: string[]; lacks: string[] } | { of: 'footage' };

/**
 * Notes that a file leaves this disk, or has left it, before every remote has it. Where none has a verified copy it is lost, and its time
 * a gap. Else it counts as delivered from now on, to those that have it: the index lists it, and says nothing of a gap.
 * Call within a transaction.
 */
export function leave(
  ledger: Ledger,
  file: FileRow,
  cause: 'dropped' | 'file-lost' | 'file-damaged',
  at: number,
): Loss {
  const { id, kind, camera, start, end, key, era } = file;
  const [has, lacks] = [ledger.deliveries.holders(id), ledger.deliveries.outstanding(id)];
  if (has.length > 0) {
    ledger.deliveries.end(id);
    ledger.files.verified(id, at, undefined);
    ledger.files.setState(id, 'removed');
    ledger.setMeta(MIRROR_LOST_AT, String(Math.round(at)));
    return { of: 'mirror', has, lacks };
  }
  ledger.files.setState(id, 'lost');
  ledger.deliveries.drop(id);
  if (kind !== 'snapshot' && kind !== 'index') ledger.gaps.add(camera, start, end, cause, key, era);
  return { of: 'footage' };
}

/** For people: what is lost where it is a mirror. */
export function mirrorLost({ has, lacks }: Loss & { of: 'mirror' }): string {
  return `footage left this disk before ${lacks.join(' and ')} had it, and is on ${has.join(' and ')}: a loss of a mirror, not of footage`;
}
