import { constants, type FileHandle, open, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Whether `key` may be looked up at all: relative, `/`-separated, no empty part, and none that starts with a dot (which
 * covers `.`, `..` and files still being written).
 */
function isSafeKey(key: string): boolean {
  // Backslash and colon separate paths on Windows; neither occurs in a key we write.
  if (/[\\:\0]/.test(key)) return false;
  return key.split('/').every((part) => part !== '' && !part.startsWith('.'));
}

/** The regular file `key` below `root`, opened for reading; undefined when there is none, or it lies elsewhere. */
export async function openBelow(root: string, key: string): Promise<FileHandle | undefined> {
  try {
    const path = await pathBelow(root, key);
    if (!path) return undefined;
    // Without NONBLOCK, opening a pipe somebody put there would wait for its writer for ever.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    return undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The names in the folder `key` below `root`; none when there is no such folder, or it lies elsewhere. */
export async function namesBelow(root: string, key: string): Promise<string[]> {
  try {
    const path = await pathBelow(root, key);
    return path ? await readdir(path) : [];
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** The real path of `key` below `root` (`''` for itself); undefined when there is none. Links are followed as long as they stay below. */
export async function pathBelow(root: string, key: string): Promise<string | undefined> {
  if (key !== '' && !isSafeKey(key)) return undefined;
  try {
    const top = await realpath(root);
    const path = await realpath(join(top, key));
    return key === '' || path.startsWith(top.endsWith(sep) ? top : top + sep) ? path : undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'EISDIR']);

/** Whether an error of the file system means that there is no such file, rather than that it cannot be read. */
function isAbsent(error: unknown): boolean {
  return ABSENT.has((error as NodeJS.ErrnoException).code ?? '');
}
