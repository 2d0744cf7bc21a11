import { realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Folders nothing is taken in from, told by what they are and not by their paths: a bind mount gives them any path. */
export type OffLimits = ReadonlySet<string>;

/** Device and inode of each folder that is there. */
export async function offLimits(folders: readonly string[]): Promise<OffLimits> {
  const found = await Promise.all(folders.map((folder) => identityOf(folder)));
  return new Set(found.filter((one) => one !== undefined));
}

/** Whether `folder` is one of them, or, by where its links lead, lies within one. */
export async function isWithin(folder: string, limits: OffLimits): Promise<boolean> {
  for (let at = realpathSync(folder); ; at = dirname(at)) {
    if (await isOffLimits(at, limits)) return true;
    if (dirname(at) === at) return false;
  }
}

export async function isOffLimits(folder: string, limits: OffLimits): Promise<boolean> {
  const identity = limits.size > 0 ? await identityOf(folder) : undefined;
  return identity !== undefined && limits.has(identity);
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
