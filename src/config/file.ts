import { chmod, chown, readFile, realpath, stat } from 'node:fs/promises';
import { Failure } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';

/** A new file may be given a password one day. */
const NEW_MODE = 0o600;

/**
 * Replaces the file by what `edit` makes of it, whole or not at all; mode, owner, and a link to it stay. A file that is not
 * there counts as empty. False if nothing changed. No copy of the old one is kept: an edit changes single lines and says
 * which, and a copy would hold passwords where nobody looks for them.
 */
export async function editFile(path: string, edit: (text: string) => string): Promise<boolean> {
  const before = await read(path);
  const after = edit(before ?? '');
  if (after === (before ?? '')) return false;
  if (before === undefined) {
    await writeFileDurably(path, after, NEW_MODE);
    return true;
  }
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  if ((await readFile(target, 'utf8')) !== before) {
    throw new Failure(`${path} was changed by somebody else at this moment`, {
      kind: 'transient',
      code: 'config-changed',
      hint: 'Nothing was written; run the command again.',
    });
  }
  await writeFileDurably(target, after, mode & 0o777);
  // The mode above passes through the umask; and root, asked by sudo, must not take a user's file away.
  await chmod(target, mode & 0o777);
  if (process.getuid?.() === 0) await chown(target, uid, gid);
  return true;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
