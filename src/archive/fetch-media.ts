import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../lib/errors.js';
import { isTaken, placeDurably } from '../../lib/files.js';
import type { ArchiveSource } from '../archive-source.js';
import { absent, notAsRecorded } from './read-media.js';

export interface Wanted {
  key: string;
  bytes: number;
  /** Hex; of what is in no index, nobody knows. */
  sha256?: string;
}

/** What lies beside the file until it is whole; the next attempt goes on from its end. */
const PART = '.part';

/**
 * Brings a file here, going on where an earlier attempt ended, and holds it against its hash before it gets its name. Resolves to
 * whether it had to be fetched. Rejects with `unknown-key`, `hash-mismatch` (then nothing is left), `file-exists` where another file has
 * its name, `frozen`, or as the store does.
 */
export async function fetchMedia(
  archive: Pick<ArchiveSource, 'open'>,
  { key, bytes, sha256 }: Wanted,
  path: string,
  onBytes: (done: number) => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (await isTaken(path)) {
    const isSame = (await isFile(path)) && (await sizeOf(path)) === bytes;
    if (isSame && sha256 !== undefined && (await hashOf(path)) === sha256) return false;
    // Of what is in no index, only its bytes tell.
    if (!isSame || sha256 !== undefined) throw another(path, key);
  }
  await mkdir(dirname(path), { recursive: true });
  const part = path + PART;
  let done = await sizeOf(part);
  if (done > bytes) done = 0;
  if (done < bytes || bytes === 0) {
    const opened = await archive.open(key, done > 0 ? { start: done } : undefined);
    if (!opened) throw absent(key);
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        done += chunk.length;
        onBytes(done);
        next(null, chunk);
      },
    });
    await pipeline(opened.stream, counting, createWriteStream(part, { flags: done > 0 ? 'a' : 'w' }), { signal });
  }
  const found = sha256 === undefined ? undefined : await hashOf(part);
  if (done !== bytes || found !== sha256) {
    await rm(part, { force: true });
    throw notAsRecorded({ key, bytes, ...(sha256 && { sha256 }) }, { bytes: done, sha256: found });
  }
  return await place(part, path, key);
}

/** Resolves to whether it was not there already. */
async function place(part: string, path: string, key: string): Promise<boolean> {
  try {
    await placeDurably(part, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const isSame = (await isFile(path)) && (await hashOf(path)) === (await hashOf(part));
  await rm(part, { force: true });
  if (isSame) return false;
  throw another(path, key);
}

function another(path: string, key: string): Failure {
  return new Failure(`${path} is there already, and is not ${key}`, {
    kind: 'permanent',
    code: 'file-exists',
    hint: 'Nothing is overwritten. Move it away, or name another folder: --output DIR',
  });
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path)).isFile();
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
