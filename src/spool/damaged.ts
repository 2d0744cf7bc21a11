import { join } from 'node:path';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { FileRow } from '../ledger/files.js';
import { leave, mirrorLost } from '../ledger/leave.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Spool } from './commit.js';
import { holds } from './recover.js';

/** What came of files that were another than the one committed when they were sent. */
export interface Decided {
  quarantined: number;
  /** Of these, footage that no remote has. */
  lost: number;
}

/**
 * Reads again, in full, each file that was found damaged while it was sent. One that is whole was misread, or mended, and is owed again.
 * Any other is set aside and no longer waits: its time is a gap where no remote has it. Put back whole, a rescan takes it in.
 */
export async function decideDamaged(spool: Spool, ledger: Ledger, log: Log): Promise<Decided> {
  const decided = { quarantined: 0, lost: 0 };
  for (const file of ledger.damages.undecided()) {
    try {
      const path = join(spool.layout.ready, file.name);
      if (await holds(path, file)) {
        ledger.damages.whole(file.id, spool.now());
        log.warn({ key: file.key }, 'a file that was damaged when it was sent is whole now: it is sent again');
      } else if (await setAside(spool, ledger, file, log)) {
        decided.quarantined++;
        if (ledger.files.byId(file.id)?.state === 'lost') decided.lost++;
      }
    } catch (error) {
      log.error({ key: file.key, error: messageOf(error) }, 'a damaged file cannot be read; tried again in a minute');
    }
  }
  return decided;
}

/** False where it is no longer what was looked at. Noted first: a file nobody knows is set aside by the next rescan as well. */
async function setAside(spool: Spool, ledger: Ledger, file: FileRow, log: Log): Promise<boolean> {
  const loss = ledger.transaction(() => {
    const now = ledger.files.byId(file.id);
    if (now?.state !== 'ready' || now.name !== file.name || !ledger.damages.has(file.id)) return undefined;
    return leave(ledger, now, 'file-damaged', spool.now());
  });
  if (!loss) return false;
  const kept = await spool.quarantine(join(spool.layout.ready, file.name));
  const what = loss.of === 'mirror' ? mirrorLost(loss) : 'no remote has it whole';
  log.error(
    { key: file.key, kept },
    `a file was damaged on this disk before it was uploaded, and is set aside: ${what}`,
  );
  return true;
}
