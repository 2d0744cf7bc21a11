import { opendir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isOffLimits, type OffLimits } from './off-limits.js';

export interface FoundFile {
  /** Below the root, with `/`. */
  path: string;
  file: string;
  name: string;
  bytes: number;
  modifiedAt: number;
}

const DEEPEST = 20;
const AT_A_TIME = 200;

/** Folders that are passed over with all below them, and who is told of each. */
export interface Limits {
  folders: OffLimits;
  onPassed(path: string): void;
}

/** Plain files below a folder; links are not followed. A folder that vanishes meanwhile is passed over, the root is not. */
export async function* filesBelow(root: string, limits: Limits, below = '', depth = 0): AsyncGenerator<FoundFile> {
  let looked = 0;
  const folder = join(root, below);
  const entries = await opendir(folder).catch((error: unknown) => {
    if (depth > 0 && isGone(error)) return undefined;
    throw error;
  });
  for await (const entry of entries ?? []) {
    if (++looked % AT_A_TIME === 0) await setImmediate();
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && depth < DEEPEST) {
      if (await isOffLimits(join(root, path), limits.folders)) limits.onPassed(path);
      else yield* filesBelow(root, limits, path, depth + 1);
    }
    if (!entry.isFile()) continue;
    const file = join(root, path);
    const found = await stat(file).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    if (found) yield { path, file, name: entry.name, bytes: found.size, modifiedAt: found.mtimeMs };
  }
}

/** Removes folders below `root` that are empty and have been left alone since `before` (UTC ms). */
export async function removeEmptyFolders(root: string, before: number, below = ''): Promise<void> {
  for await (const entry of await opendir(join(root, below))) {
    if (!entry.isDirectory()) continue;
    const path = join(below, entry.name);
    await removeEmptyFolders(root, before, path);
    const folder = join(root, path);
    // Refused where something is in it, or came into it this moment.
    if ((await stat(folder)).mtimeMs < before) await rmdir(folder).catch(() => undefined);
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
