import { createHash } from 'node:crypto';
import { Failure } from '../../../lib/errors.js';
import type { ArchiveSource } from '../../archive-source.js';
import type { LocatedMedia } from '../span-entries.js';

/**
 * Bytes `from` to `to` (exclusive) of a recorded file. All of it is read, and held against the index: an export vouches for where its
 * film comes from, and a part of a file has no hash of its own. Throws a `Failure` `hash-mismatch` after the last byte.
 */
export async function* checkedBytes(
  archive: Pick<ArchiveSource, 'open'>,
  { key, bytes, sha256 }: LocatedMedia,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  const opened = await archive.open(key);
  if (!opened) throw new Failure(`${key} is not there.`, { kind: 'permanent', code: 'unknown-key' });
  const hash = createHash('sha256');
  let at = 0;
  for await (const chunk of opened.stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    const wanted = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += chunk.length;
    if (wanted.length > 0) yield wanted;
  }
  const found = hash.digest('hex');
  if (at === bytes && found === sha256) return;
  throw new Failure(`${key} is not what was recorded: ${at} bytes, SHA-256 ${found}`, {
    kind: 'permanent',
    code: 'hash-mismatch',
    hint: `The index lists ${bytes} bytes, SHA-256 ${sha256}. Export the time before it and after it; nvr-uplink verify looks at the whole archive.`,
  });
}
