import { readdir, readlink } from 'node:fs/promises';

/** How many handles of this process are open on `path` now. */
export async function openHandles(path: string): Promise<number> {
  const links = await Promise.all(
    // A handle may be closed between being listed and being looked at.
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link === path).length;
}
