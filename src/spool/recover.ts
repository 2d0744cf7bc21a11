import { existsSync } from 'node:fs';
import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { copyDurably, isAsideName, renameDurably } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import { endProcessesIn } from '../../lib/processes.js';
import { untilSet } from '../../lib/unset-clock.js';
import type { FileRow } from '../ledger/files.js';
import type { Ledger } from '../ledger/ledger.js';
import { digest, type Spool } from './commit.js';
import type { Finisher } from './finish.js';

/**
 * Completes what a killed recorder began: an intent whose file is whole, in the spool or still on its way there, becomes
 * `ready`; any other is forgotten, and its working file is finished anew. Quick, and done before anything else starts.
 */
export async function completeCommits(spool: Spool, ledger: Ledger, log: Log): Promise<void> {
  for (const file of ledger.files.committing()) {
    if (await completeCommit(spool, ledger, file)) log.info({ key: file.key }, 'commit completed after a crash');
  }
  // What is left among the shards on their way was never noted: its entries are still to be listed.
  for (const name of await readdir(spool.layout.index)) await rm(join(spool.layout.index, name), { force: true });
}

/** Completes one intent; false if its file never became whole: then it is forgotten. */
export async function completeCommit(spool: Spool, ledger: Ledger, file: FileRow): Promise<boolean> {
  const path = join(spool.layout.ready, file.name);
  if (!(await holds(path, file)) && file.origin && (await holds(file.origin, file))) {
    // Its fsync may be what failed, and a second one says nothing of the bytes the first one lost: they are written anew.
    if (file.kind === 'index') await copyDurably(file.origin, path);
    else await renameDurably(file.origin, path);
  }
  if (await holds(path, file)) {
    spool.ready(file.id, file.kind === 'index' ? undefined : { ...file, kind: file.kind });
    if (file.origin) await rm(file.origin, { force: true });
    return true;
  }
  // Never reached the spool whole. What is there under this name, if anything, lost its bytes in a power cut.
  if (existsSync(path)) await spool.quarantine(path);
  ledger.transaction(() => {
    ledger.deliveries.drop(file.id);
    ledger.files.forget(file.id);
  });
  return false;
}

/** Whether a file is there with just the bytes the ledger has of it. */
export async function holds(path: string, file: FileRow): Promise<boolean> {
  try {
    if ((await stat(path)).size !== file.bytes) return false;
    return (await digest(path)).sha256 === file.sha256;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A run's folder that an earlier recorder left behind. */
export interface Leftover {
  camera: string;
  run: string;
  directory: string;
}

/** What earlier recorders left behind. Call before any recording starts: afterwards folders of live runs look the same. */
export async function findLeftovers(spool: Spool): Promise<Leftover[]> {
  // Real paths, because that is how the kernel names the working directory of an orphan.
  const work = await realpath(spool.layout.work);
  const found: Leftover[] = [];
  for (const camera of await folders(work)) {
    for (const run of await folders(join(work, camera))) {
      found.push({ camera, run, directory: join(work, camera, run) });
    }
  }
  return found;
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** How many leftovers are looked at at once. */
const TOGETHER = 16;

/** Ends orphans that still record into them, and saves what is there, whole groups of pictures only; all once the clock is set. */
export async function salvageLeftovers(
  leftovers: readonly Leftover[],
  finisher: Finisher,
  clock: Clock,
  log: Log,
  signal?: AbortSignal,
): Promise<void> {
  // Side by side: one that hears nothing takes seconds to end, and holds up no other (invariant I7).
  const queue = new PQueue({ concurrency: TOGETHER });
  const salvage = async (leftover: Leftover) => {
    const { camera, directory } = leftover;
    if ((await endProcessesIn(directory, clock)) > 0) log.warn({ camera }, 'ended the recording of a killed recorder');
    await untilSet(clock, signal);
    if (!signal?.aborted) await finisher.salvage(leftover);
  };
  await queue.addAll(leftovers.map((leftover) => () => salvage(leftover)));
}

/** Removes files that were being written aside when the recorder was killed: never renamed, so never footage. */
export async function removeAsides(folders: readonly string[], log: Log): Promise<void> {
  for (const folder of folders) {
    for (const name of (await readdir(folder)).filter(isAsideName)) {
      await rm(join(folder, name)).catch((error: unknown) =>
        log.warn({ name, error: messageOf(error) }, 'not removed'),
      );
    }
  }
}
