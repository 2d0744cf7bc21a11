import { Throttle } from '../../lib/remote/throttle.js';
import type { FileRow } from '../../src/ledger/files.js';
import { Uploader } from '../../src/upload/uploader.js';
import type { UploaderOptions } from '../../src/upload/uploader-options.js';
import type { ScriptedRemote } from './scripted-remote.js';
import type { Storage } from './storage.js';

/** The uploader of a recorder with this storage, over a line that is open and has no limit. It does not run yet. */
export function uploaderOf(
  { spool, layout, ledger, clock, log }: Storage,
  remoteName: string,
  remote: ScriptedRemote,
  other: Partial<UploaderOptions> = {},
): Uploader {
  const outbox = {
    folder: layout.ready,
    moveToSent: (name: string) => spool.moveToSent(name),
    rekey: (file: FileRow) => spool.rekey(file),
  };
  return new Uploader({
    ...{ remoteName, remote, outbox, ledger, clock, log, parallel: 1, deadlineMs: 60_000 },
    line: { closed: () => undefined },
    throttle: new Throttle(clock, () => Number.POSITIVE_INFINITY),
    ...other,
  });
}
