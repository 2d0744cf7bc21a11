import { posix } from 'node:path';
import { Refusal } from './replies.js';

/** The absolute form of what a client named; `..` ends at `/`, the user's root, as in every chroot. */
export function absolutePath(path: string): string {
  const absolute = posix.normalize(`/${path}`);
  return absolute.length > 1 && absolute.endsWith('/') ? absolute.slice(0, -1) : absolute;
}

/** The key of the store, which has the last word on names, for a path of a user whose `/` is the folder `root`; `''` only for the top of the whole store. */
export function keyOf(root: string, path: string): string {
  // ssh2 decodes names leniently; this is what bytes that are not UTF-8 become.
  if (path.includes('\uFFFD')) throw new Refusal('BAD_MESSAGE', 'Names must be UTF-8');
  const relative = absolutePath(path).slice(1);
  return [root, relative].filter((part) => part !== '').join('/');
}
