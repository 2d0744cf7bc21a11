import { suffices } from '../../lib/remote/remote.js';
import type { FileRow } from '../ledger/files.js';
import { arrived } from '../ledger/leave.js';
import type { Delivered } from './send.js';
import type { UploaderOptions } from './uploader-options.js';

/**
 * Notes a copy of a file that was given up as lost while it was being sent, and arrived whole. False where that is not so, or it proves too
 * little; a copy that is to be looked at once more, in `lookAfterMs`, is not counted either: nobody would look. Call within a transaction.
 */
export function arrivedAfterAll(
  { ledger, clock, remoteName, log, proof = 'size' }: UploaderOptions,
  file: FileRow,
  receipt: Delivered,
  lookAfterMs: number,
): boolean {
  if (lookAfterMs > 0 || !suffices(receipt.proven, proof)) return false;
  if (!arrived(ledger, file, remoteName, { ...receipt, at: clock.now() })) return false;
  log.warn({ key: file.key, remote: remoteName }, 'a file that was given up while it was being sent arrived whole');
  return true;
}
