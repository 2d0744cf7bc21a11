import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../lib/errors.js';
import { probe } from '../../lib/ffmpeg/probe.js';
import type { Log } from '../../lib/log.js';
import { inspectMedia } from '../../lib/media/inspect.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import type { Ledger } from '../ledger/ledger.js';
import { parseFileName } from '../segment.js';
import type { Spool } from './commit.js';
import { holds } from './recover.js';

/**
 * Takes back delivered footage that the ledger does not know: the ledger was lost, and nothing else says that remotes hold
 * it. It waits again, unverified, until they say so (invariant I1); without that it would lie there for ever. So would what a kill kept
 * from being removed. Done once at a start, file by file: each is read whole. Returns how many were taken back.
 */
export async function adoptSent(spool: Spool, ledger: Ledger, log: Log, signal: AbortSignal): Promise<number> {
  let adopted = 0;
  for (const name of await readdir(spool.layout.sent)) {
    if (signal.aborted) break;
    const path = join(spool.layout.sent, name);
    try {
      const known = ledger.files.byName(name);
      // A kill came between the note and the removal. Retention decides anew.
      if (known?.state === 'removed' && (await holds(path, known))) ledger.files.setState(known.id, 'ready');
      // Index shards have no such name, and stay: what they list is listed again in a chain of its own.
      if (known || !parseFileName(name)) continue;
      const durationMs = await durationOf(path);
      await spool.takeBack(name);
      await spool.adopt(name, durationMs);
      adopted++;
    } catch (error) {
      log.error({ name, error: messageOf(error) }, 'a delivered file is unknown to the ledger, and cannot be read');
    }
  }
  if (adopted > 0) log.warn({ adopted }, 'delivered files were unknown to the ledger; the remotes are asked for them');
  return adopted;
}

async function durationOf(path: string): Promise<number> {
  if (path.endsWith('.jpg')) return 0;
  if (!path.endsWith('.mp4')) return (await inspectMedia(path)).durationMs ?? 0;
  return (await describeMp4(path).catch(() => undefined))?.durationMs ?? (await probe(path)).durationMs;
}
