import { Failure } from '../../lib/errors.js';

/** Failures of one file: others may well go through. All others concern the remote as a whole. */
const OF_ONE_FILE = new Set([
  'file-changed',
  'file-missing',
  'file-unreadable',
  'not-a-file',
  'key-invalid',
  'name-too-long',
  'key-taken',
  'size-mismatch',
  'checksum-mismatch',
  'not-stored',
  'remote-failure',
]);

/** Whether a failure says nothing of other files; if not, it concerns the remote as a whole. */
export function concernsOneFile(error: unknown): boolean {
  return error instanceof Failure && OF_ONE_FILE.has(error.code);
}
