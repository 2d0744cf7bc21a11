import { buffer } from 'node:stream/consumers';
import { Failure } from '../../lib/errors.js';
import type { ReadBytes } from '../../lib/mp4/remote-file.js';
import type { ArchiveSource } from '../archive-source.js';

/** Reads parts of a media file until `signal` aborts. Rejects with `unknown-key` where it is gone. */
export function readMedia(archive: Pick<ArchiveSource, 'open'>, key: string, signal?: AbortSignal): ReadBytes {
  return async (start, end) => {
    signal?.throwIfAborted();
    const opened = await archive.open(key, { start, end: end - 1 });
    if (opened) return await buffer(opened.stream);
    throw new Failure(`${key} is not there.`, { kind: 'permanent', code: 'unknown-key' });
  };
}
