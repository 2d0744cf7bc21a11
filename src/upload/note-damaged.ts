import { DAMAGED_AT } from '../ledger/damages.js';
import type { FileRow } from '../ledger/files.js';
import type { UploaderOptions } from './uploader-options.js';

/** Notes that the local copy of a file is no longer what was committed: nobody is sent it until it is whole again. Throws where that cannot be noted. */
export function noteDamaged(
  { ledger, clock, remoteName, log }: Pick<UploaderOptions, 'ledger' | 'clock' | 'remoteName' | 'log'>,
  file: FileRow,
  wasPut: boolean,
): void {
  const message = `${file.name} is not what it was when it was finished: the disk may be failing`;
  const isNoted = ledger.transaction(() => {
    if (!ledger.damages.found(file, remoteName, wasPut, message)) return false;
    ledger.setMeta(DAMAGED_AT, `${Math.round(clock.now())} ${file.key}`);
    return true;
  });
  if (!isNoted) return;
  ledger.onUploadFailed?.(remoteName);
  const there = wasPut
    ? `what lies at its key on ${remoteName} counts as nothing`
    : `nothing of what it is now was sent to ${remoteName}`;
  log.error({ key: file.key, remote: remoteName }, `${message}; it is kept and not sent again, and ${there}`);
}
