import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { Failure } from '../../lib/errors.js';
import {
  type OnProgress,
  type Proof,
  type Receipt,
  type Remote,
  type RemoteObject,
  suffices,
} from '../../lib/remote/remote.js';
import { SendingFile } from '../../lib/remote/sending-file.js';
import type { Pace } from '../../lib/remote/throttle.js';
import type { FileRow } from '../ledger/files.js';
import { ADOPTED } from '../segment.js';

/** A copy that was sent now, or one that was found there: of that one, no more is known than was looked up. */
export type Delivered = Omit<Receipt, 'crc64nvme'> & { crc64nvme?: string };

export interface SendOptions {
  /** No put to this key was ever begun. */
  first: boolean;
  /** What lies at the key was found to be damaged. */
  replace?: boolean;
  /** How much is asked of a copy. Default `size`. */
  proof?: Proof;
  /** How fast; as fast as possible without. */
  pace?: Pace;
  /** Asked when a put is about to begin; false where the file is owed there under its key no more. */
  beforePut?: () => boolean;
  onProgress?: OnProgress;
}

/**
 * Sends one file and holds the receipt against what the ledger knows of it. Resolves to `taken` where the key turns out
 * to belong to a different object (invariant I2: two recorders under one site name, or a ledger that was lost), to `outdated`
 * where `beforePut` says so, to `damaged` where the local file is seen not to be what was committed, and nothing is sent of it, and to
 * `spoiled` where other bytes were sent than were committed: they lie at the key now. Throws a `Failure`.
 */
export async function send(
  remote: Remote,
  file: FileRow,
  path: string,
  { first, replace, pace, beforePut, onProgress, proof = 'size' }: SendOptions,
  signal: AbortSignal,
): Promise<Delivered | 'taken' | 'outdated' | 'damaged' | 'spoiled'> {
  const found = first ? await look(remote, file, file.source === ADOPTED, signal) : undefined;
  if (found && found.bytes !== file.bytes) return taken(file);
  if (found && file.source === ADOPTED && suffices('size', proof)) {
    const { key, bytes, sha256 } = file;
    return { key, bytes, sha256, proven: 'size', provenBy: found.by };
  }
  if (!hasSize(path, file.bytes)) return 'damaged';
  // A put that was begun may have ended well, and its reply been lost: what lies there may be the one whole copy.
  if (!first && !(await isWhole(path, file, signal))) return 'damaged';
  if (beforePut?.() === false) return 'outdated';
  let receipt: Receipt;
  try {
    receipt = await remote.put(file.key, path, signal, onProgress, pace, replace);
  } catch (error) {
    // Some remotes never replace an object, so that what lies there stays, whoever put it (invariant I2).
    if (error instanceof Failure && error.code === 'key-taken') return taken(file, error);
    throw error;
  }
  return receipt.bytes === file.bytes && receipt.sha256 === file.sha256 ? receipt : 'spoiled';
}

/** Where it cannot be asked, the put says why. */
function hasSize(path: string, bytes: number): boolean {
  try {
    return statSync(path).size === bytes;
  } catch {
    return true;
  }
}

/** Rejects as a put does where it cannot be read. */
async function isWhole(path: string, { sha256 }: FileRow, signal: AbortSignal): Promise<boolean> {
  const sending = await SendingFile.open(path);
  try {
    for await (const _ of sending.blocks()) signal.throwIfAborted();
    return sending.digest().sha256 === sha256;
  } finally {
    await sending.close();
  }
}

/**
 * Whether a copy that was proven before is still what it was: undefined if so, else what is there now. Its size tells. Both puts sent the
 * same bytes, so what is left of the one that failed is shorter, or the same.
 */
export async function lookAgain(remote: Remote, file: FileRow, signal: AbortSignal): Promise<string | undefined> {
  const found = await look(remote, file, true, signal);
  if (found?.bytes === file.bytes) return undefined;
  return found ? `${found.bytes} of ${file.bytes} bytes are there` : 'it is no longer there';
}

/** Media go under another key; the place of an index shard in its chain is its key. */
function taken(file: FileRow, cause?: Failure): 'taken' {
  if (file.kind !== 'index') return 'taken';
  throw new Failure(`${file.key} exists on the remote with other content`, {
    kind: 'permanent',
    code: 'key-taken',
    hint: 'Another recorder writes under this site name, or this one lost its ledger: give this one a `site` of its own.',
    cause,
  });
}

/**
 * What lies at the key. An object of the same size is our own earlier upload, or will be identical once we have sent it.
 * Put-only sign-ins may not look; then the key's uniqueness rests on the ledger alone. If that was lost, the folder is listed:
 * an adopted file bears the name it was sent under, so that at worst the same bytes are sent there once more (invariant I2).
 */
async function look(
  remote: Remote,
  file: FileRow,
  byListing: boolean,
  signal: AbortSignal,
): Promise<{ bytes: number; by: 'stat' | 'list' } | undefined> {
  const found = await unlessDenied(() => remote.stat(file.key, signal));
  if (found !== 'denied') return found && { bytes: found.bytes, by: 'stat' };
  if (!byListing) return undefined;
  const listed = await unlessDenied(() => find(remote, file.key, signal));
  return listed === 'denied' || !listed ? undefined : { bytes: listed.bytes, by: 'list' };
}

async function find(remote: Remote, key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
  for await (const object of remote.list(posix.dirname(key), signal)) if (object.key === key) return object;
  return undefined;
}

async function unlessDenied<Found>(ask: () => Promise<Found>): Promise<Found | 'denied'> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Failure && error.code === 'permission-denied') return 'denied';
    throw error;
  }
}
