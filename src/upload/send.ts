import { Failure } from '../../lib/errors.js';
import type { Receipt, Remote, RemoteObject } from '../../lib/remote/remote.js';
import type { FileRow } from '../ledger/files.js';

/**
 * Sends one file and holds the receipt against what the ledger knows of it. Resolves to `taken` where the key turns out
 * to belong to a different object (invariant I2: two recorders under one site name, or a ledger that was lost).
 * `first`: no put to this key was ever begun; `beforePut` is called when one is about to.
 * Throws a `Failure`; with code `file-changed` if the local file is no longer what was committed.
 */
export async function send(
  remote: Remote,
  file: FileRow,
  path: string,
  first: boolean,
  signal: AbortSignal,
  beforePut: () => void = () => undefined,
): Promise<Receipt | 'taken'> {
  if (first && (await isTaken(remote, file, signal))) {
    if (file.kind !== 'index') return 'taken';
    throw new Failure(`${file.key} exists on the remote with other content`, {
      kind: 'permanent',
      code: 'key-taken',
      hint: 'Another recorder writes under this site name, or this one lost its ledger: give this one a `site` of its own.',
    });
  }
  beforePut();
  const receipt = await remote.put(file.key, path, signal);
  if (receipt.bytes !== file.bytes || receipt.sha256 !== file.sha256) {
    throw new Failure(`${file.name} is not what it was when it was finished: the disk may be failing`, {
      kind: 'permanent',
      code: 'file-changed',
      hint: 'The file is kept and sent again later; check the disk.',
    });
  }
  return receipt;
}

/** An object of the same size is our own earlier upload, or will be identical once we have sent it. */
async function isTaken(remote: Remote, file: FileRow, signal: AbortSignal): Promise<boolean> {
  let found: RemoteObject | undefined;
  try {
    found = await remote.stat(file.key, signal);
  } catch (error) {
    // Put-only sign-ins may not look; then the key's uniqueness rests on the ledger alone.
    if (error instanceof Failure && error.code === 'permission-denied') return false;
    throw error;
  }
  return found !== undefined && found.bytes !== file.bytes;
}
