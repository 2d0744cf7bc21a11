import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../lib/errors.js';
import { probe } from '../../lib/ffmpeg/probe.js';
import { isAsideName } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import { inspectMedia } from '../../lib/media/inspect.js';
import { leave, mirrorLost } from '../ledger/leave.js';
import type { Ledger } from '../ledger/ledger.js';
import { type MediaKind, parseFileName } from '../segment.js';
import type { Spool } from './commit.js';
import { decideDamaged } from './damaged.js';
import { holds } from './recover.js';

const PAGE = 1_000;
const AT_A_TIME = 200;

/** What a rescan changed; all zero when disk and ledger agree. */
export interface RescanResult {
  adopted: number;
  quarantined: number;
  moved: number;
  lost: number;
}

/**
 * Holds disk and ledger against each other, both ways. File events only make things quicker (Node loses them without a
 * word when the kernel's queue overflows); this is what makes them certain (invariant I3).
 */
export async function rescan(spool: Spool, ledger: Ledger, log: Log): Promise<RescanResult> {
  const result: RescanResult = { adopted: 0, quarantined: 0, moved: 0, lost: 0 };
  const names = new Set(await readdir(spool.layout.ready));
  let looked = 0;
  for (const name of names) {
    // Of a hundred thousand files, the cameras are not to wait for the last.
    if (++looked % AT_A_TIME === 0) await setImmediate();
    if (isAsideName(name) || isKnown(spool, ledger, name)) continue;
    // Gone since the folder was listed.
    if (!existsSync(join(spool.layout.ready, name))) continue;
    if (await takeIn(spool, ledger, name, log)) result.adopted++;
    else result.quarantined++;
  }
  for (let after = 0; ; ) {
    const page = ledger.files.expectedNames(after, PAGE);
    if (page.length === 0) break;
    after = page.at(-1)!.id;
    await setImmediate();
    for (const { id, name, verified } of page) {
      if (verified && names.has(name)) {
        await moveToSent(spool, name);
        result.moved++;
      } else if (!verified && !names.has(name) && existsSync(join(spool.layout.sent, name))) {
        // Owed again, because a remote lost it.
        await spool.takeBack(name);
        result.moved++;
      } else if (!names.has(name) && isMissing(spool, name)) {
        if (missing(spool, ledger, { id, name }, log)) result.lost++;
      }
    }
  }
  const { quarantined, lost } = await decideDamaged(spool, ledger, log);
  return { ...result, quarantined: result.quarantined + quarantined, lost: result.lost + lost };
}

/** Noted under this name, or on its way from it to another. */
function isKnown(spool: Spool, ledger: Ledger, name: string): boolean {
  const file = ledger.files.byName(name);
  if (file) return file.state !== 'lost' && file.state !== 'removed';
  return ledger.files.isMoving(join(spool.layout.ready, name));
}

/** Takes the file back if it was lost or was to be removed, adopts it if it is footage, sets it aside otherwise. */
async function takeIn(spool: Spool, ledger: Ledger, name: string, log: Log): Promise<boolean> {
  const path = join(spool.layout.ready, name);
  const parts = parseFileName(name);
  try {
    const gone = ledger.files.byName(name);
    if (gone && (await holds(path, gone))) {
      ledger.transaction(() => {
        spool.ready(gone.id, gone.kind === 'index' ? undefined : { ...gone, kind: gone.kind });
        ledger.files.recounted(gone.id);
      });
      log.warn(
        { key: gone.key },
        gone.state === 'lost' ? 'a lost file is back' : 'a file that was to be removed is here',
      );
      return true;
    }
    if (parts && !gone) {
      await spool.adopt(name, await durationOf(path, parts.kind));
      log.warn({ name }, 'a file in the spool was unknown to the ledger; adopted');
      return true;
    }
  } catch (error) {
    log.error({ name, error: messageOf(error) }, 'a file in the spool cannot be read');
  }
  log.error({ kept: await spool.quarantine(path) }, 'a file in the spool is not footage; set aside');
  return false;
}

/** What others deliver is kept as it is, also where nobody can tell how long it is. */
async function durationOf(path: string, kind: MediaKind): Promise<number> {
  if (kind === 'snapshot') return 0;
  if (kind === 'inbox') return (await inspectMedia(path)).durationMs ?? 0;
  return (await probe(path)).durationMs;
}

/** Moved to `sent` since the folder was listed: the uploader was quicker. */
async function moveToSent(spool: Spool, name: string): Promise<void> {
  if (existsSync(join(spool.layout.ready, name))) await spool.moveToSent(name);
}

/** It may be moving from one to the other, either way, while it is looked for. */
function isMissing({ layout: { ready, sent } }: Spool, name: string): boolean {
  return ![ready, sent, ready].some((folder) => existsSync(join(folder, name)));
}

/**
 * A verified copy that is gone was removed by retention, or by hand; an unverified one is a loss, and is said so. Looked at once more
 * where nothing comes between: it may have got another name since, or be owed again. Returns whether footage is lost.
 */
function missing(spool: Spool, ledger: Ledger, { id, name }: { id: number; name: string }, log: Log): boolean {
  return ledger.transaction(() => {
    const file = ledger.files.byId(id);
    if (file?.state !== 'ready' || file.name !== name || !isMissing(spool, name)) return false;
    if (ledger.files.release(file)) return false;
    const loss = leave(ledger, file, 'file-lost', spool.now());
    if (loss.of === 'mirror') log.warn({ key: file.key }, `a file vanished from the spool: ${mirrorLost(loss)}`);
    else log.error({ key: file.key }, 'a file vanished from the spool before it was uploaded');
    return loss.of === 'footage';
  });
}
