import { createHash } from 'node:crypto';
import type { ArchiveSource } from '../../archive-source.js';
import { absent, notAsRecorded } from '../read-media.js';
import type { LocatedMedia } from '../span-entries.js';

/**
 * Bytes `from` to `to` (exclusive) of a recorded file. All of it is read, and held against the index: an export vouches for where its
 * film comes from, and a part of a file has no hash of its own. Throws a `Failure` `hash-mismatch` after the last byte.
 */
export async function* checkedBytes(
  archive: Pick<ArchiveSource, 'open'>,
  { key, bytes, sha256, start, end }: LocatedMedia,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  const opened = await archive.open(key);
  if (!opened) throw absent(key);
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
  const hint = `Where the recorder still has it, nvr-uplink verify --repair sends it again; else export the time up to ${iso(start)}, and from ${iso(end)} on.`;
  throw notAsRecorded({ key, bytes, sha256 }, { bytes: at, sha256: found }, hint);
}

const iso = (time: number) => new Date(time).toISOString();
