import type { Log } from '../../lib/log.js';
import type { FileRow } from '../ledger/files.js';

/** The file has another key now. The copy stays: footage is never removed from a remote here. */
export function tellOfLeftCopy(log: Log, { key }: Pick<FileRow, 'key'>, remote: string): void {
  log.warn(
    { key, remote },
    'a whole copy stays there under a key the file no longer has: no index lists it, and `verify` names it as unindexed',
  );
}
