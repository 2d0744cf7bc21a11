import type { TreeEntry } from './tree.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const HALF_A_YEAR_MS = 182 * 86_400_000;

/** A line of LIST, as `ls -l` writes it and every client reads it; times are UTC. */
export function longLine({ name, isFolder, bytes, modifiedAt }: TreeEntry, now: number): string {
  const at = new Date(modifiedAt);
  const day = `${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)}`;
  const isRecent = Math.abs(now - modifiedAt) < HALF_A_YEAR_MS;
  const when = isRecent ? at.toISOString().slice(11, 16) : ` ${at.getUTCFullYear()}`;
  return `${isFolder ? 'drwxr-x---' : '-rw-r-----'} 1 ftp ftp ${String(bytes).padStart(12)} ${day} ${when} ${name}`;
}

/** A line of MLSD (RFC 3659). */
export function factsLine(entry: TreeEntry): string {
  const { name, isFolder, bytes, modifiedAt } = entry;
  return `type=${isFolder ? 'dir' : 'file'};${isFolder ? '' : `size=${bytes};`}modify=${compact(modifiedAt)}; ${name}`;
}

/** `YYYYMMDDhhmmss`, UTC. */
export function compact(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}
