import type { Proof } from '../../lib/remote/remote.js';
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

/** What proves a copy, and when. */
interface Proven {
  at: number;
  provenBy: string;
  proven: Proof;
  crc64nvme?: string | undefined;
}

/**
 * A file that was given up while it was being sent has reached a remote all the same, and was proven there: no footage is lost, and its
 * time is no gap. False where it was not given up as lost, or has another key by now. Call within a transaction.
 */
export function arrived(ledger: Ledger, sent: FileRow, remote: string, proof: Proven): boolean {
  const file = ledger.files.byId(sent.id);
  if (file?.state !== 'lost' || file.key !== sent.key) return false;
  const { id, kind, camera, start, end, era } = file;
  ledger.deliveries.add(id, [remote]);
  ledger.deliveries.verified(id, remote, proof.at, proof.provenBy, proof.proven);
  ledger.files.verified(id, proof.at, proof.crc64nvme);
  ledger.files.setState(id, 'removed');
  if (ledger.deliveries.outstanding(id).length > 0) ledger.setMeta(MIRROR_LOST_AT, String(Math.round(proof.at)));
  if (kind !== 'snapshot' && kind !== 'index') ledger.gaps.fill(camera, start, end, era);
  return true;
}

/** For people: what is lost where it is a mirror. */
export function mirrorLost({ has, lacks }: Loss & { of: 'mirror' }): string {
  return `footage left this disk before ${lacks.join(' and ')} had it, and is on ${has.join(' and ')}: a loss of a mirror, not of footage`;
}
