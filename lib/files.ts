import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, copyFile, link, lstat, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Files that survive a power cut. A rename is only on disk once the folder it happened in is synced, and the bytes it
 * names only once the file itself is: ext4 brought back an empty file, or the old name, where either was left out.
 *
 * All of these throw the plain `NodeJS.ErrnoException` (`ENOSPC`, `EXDEV`, `ENOENT` …): what it means is the caller's to say.
 */

/** Makes what was created, renamed or removed in `dir` durable. */
export async function fsyncDirectory(dir: string): Promise<void> {
  await fsyncPath(dir);
}

/**
 * fsync the file, rename it, fsync the folder(s). Replaces `to`. Both must be on one file system (`EXDEV` otherwise).
 * After an error `from` may still exist; never try the fsync again and trust it, because Linux reports a lost write once.
 */
export async function renameDurably(from: string, to: string): Promise<void> {
  await fsyncPath(from);
  await rename(from, to);
  await fsyncDirectory(dirname(to));
  if (dirname(from) !== dirname(to)) await fsyncDirectory(dirname(from));
}

/** As {@link renameDurably}, but never replaces: `EEXIST` where something has the name `to`, and `from` is left as it is. */
export async function placeDurably(from: string, to: string): Promise<void> {
  await fsyncPath(from);
  await placeNew(from, to);
  await fsyncDirectory(dirname(to));
}

const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** Gives a file its name unless something has it (`EEXIST`). Durable only once file and folder are synced. */
export async function placeNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // FAT and some shares know no second name of a file: somebody else may come between the look and the rename.
    if (await isTaken(to)) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    return await rename(from, to);
  }
  await rm(from);
}

/** Whether something has this name, if only a link that leads nowhere. */
export async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Writes `data` aside and renames it to `path`: readers see the old file or the whole new one, never a part. */
export async function writeFileDurably(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
  await throughAside(path, async (aside) => {
    const handle = await open(aside, 'wx', mode);
    try {
      await handle.writeFile(data);
    } finally {
      await handle.close();
    }
  });
}

/** Copies aside and renames to `to`. Works across file systems, where a rename cannot. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await throughAside(to, (aside) => copyFile(from, aside, constants.COPYFILE_EXCL));
}

/** Bytes an unprivileged writer may still use on the file system that holds `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** The nearest folder that is there: the path itself, or one above it. */
export function nearestThere(path: string): string {
  const above = dirname(path);
  return existsSync(path) || above === path ? path : nearestThere(above);
}

const ASIDE = /^\..+\.[0-9a-f]{12}\.aside$/;

/** So much of a name, of four bytes each, leaves room for the rest of an aside's within the 255 bytes that a name may have. */
const ASIDE_NAME = 58;

/** A hidden name beside `path`, never used before, to write to until the file is whole. */
export function asideName(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, ASIDE_NAME)}.${randomBytes(6).toString('hex')}.aside`);
}

/** Whether a file name is one of {@link asideName}: left behind by a crash, safe to remove at start. */
export function isAsideName(name: string): boolean {
  return ASIDE.test(name);
}

/** Removes files of {@link asideName} in `dir` last written before `before` (UTC ms); younger ones may be in use. */
export async function removeAsides(dir: string, before: number): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!isAsideName(name)) continue;
    const writtenAt = await modifiedAt(join(dir, name));
    if (writtenAt !== undefined && writtenAt < before) await rm(join(dir, name), { force: true });
  }
}

/** Undefined where it is gone: its writer may have finished it and renamed it at this moment. */
async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function throughAside(path: string, fill: (aside: string) => Promise<void>): Promise<void> {
  const aside = asideName(path);
  try {
    await fill(aside);
    await renameDurably(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

async function fsyncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
