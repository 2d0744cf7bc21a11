import { buffer } from 'node:stream/consumers';
import { Failure } from '../../lib/errors.js';
import type { ReadBytes } from '../../lib/mp4/remote-file.js';
import type { ArchiveSource } from '../archive-source.js';

const REPAIR = 'nvr-uplink verify --repair sends it again, where the recorder still has it.';

/** Reads parts of a media file until `signal` aborts; nothing where it ends before them. Rejects with `unknown-key` where it is gone. */
export function readMedia(archive: Pick<ArchiveSource, 'open'>, key: string, signal?: AbortSignal): ReadBytes {
  return async (start, end) => {
    signal?.throwIfAborted();
    const opened = await archive.open(key, { start, end: end - 1 }).catch(beyond);
    if (opened === 'beyond') return Buffer.alloc(0);
    if (opened) return await buffer(opened.stream);
    throw absent(key);
  };
}

function beyond(error: unknown): 'beyond' {
  if (error instanceof Failure && error.code === 'range-not-satisfiable') return 'beyond';
  throw error;
}

/** What an archive should have, and has not. */
export function absent(key: string): Failure {
  return new Failure(`${key} is not there.`, { kind: 'permanent', code: 'unknown-key', hint: REPAIR });
}

/** An archive's file that has not the bytes it was recorded with; of what is in no index, only how many they were is known. */
export function notAsRecorded(
  { key, bytes, sha256 }: { key: string; bytes: number; sha256?: string },
  found: { bytes: number; sha256?: string | undefined },
  hint = REPAIR,
): Failure {
  const size =
    found.bytes < bytes ? `it has ${found.bytes} of ${bytes} bytes` : `it has ${found.bytes} bytes, not ${bytes}`;
  const how = found.bytes === bytes ? `its SHA-256 is ${found.sha256}, not ${sha256}` : size;
  return new Failure(`${key} is not what was recorded: ${how}`, { kind: 'permanent', code: 'hash-mismatch', hint });
}
