import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { Failure } from '../../lib/errors.js';

/** Makes the storage folder, where it is missing. Rejects with `storage-unusable` where nothing could be written there. */
export async function makeStorage(root: string): Promise<void> {
  try {
    await mkdir(root, { recursive: true, mode: 0o750 });
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const [why, hint] = REASONS[code] ?? [code, 'Write another folder there, or mend that disk.'];
    throw new Failure(`storage.dir: ${root} cannot be used: ${why}`, {
      ...{ kind: 'permanent', code: 'storage-unusable', hint, cause: error },
    });
  }
}

const user = () => userInfo().username;
const DENIED = [
  'this user may not write there',
  `Give it to whom the recorder runs as: chown ${user()} FOLDER; or write another folder.`,
] as const;

const REASONS: Record<string, readonly [why: string, hint: string]> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EEXIST: ['there is a file of that name', 'Move that file away, or write another folder.'],
  ENOTDIR: ['a part of that path is a file', 'Write the path of a folder.'],
  EROFS: ['that disk is mounted for reading only', 'Mount it for writing, or write a folder of another disk.'],
  ENOSPC: ['the disk is full', 'Free some room there, or write a folder of another disk.'],
};
