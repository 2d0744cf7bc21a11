import ssh2, { type SFTPWrapper } from 'ssh2';
import { Failure, messageOf } from '../errors.js';
import type { ListedEntry } from './object-store.js';

const { STATUS_CODE } = ssh2.utils.sftp;

/** Sends one reply to the request it belongs to. */
export type Reply = (sftp: SFTPWrapper, request: number) => void;

export type StatusName = 'NO_SUCH_FILE' | 'PERMISSION_DENIED' | 'FAILURE' | 'BAD_MESSAGE' | 'OP_UNSUPPORTED';

/** A request that is answered with an error status. */
export class Refusal extends Error {
  readonly status: StatusName;

  constructor(status: StatusName, message: string) {
    super(message);
    this.status = status;
  }
}

export const denied = () => new Refusal('PERMISSION_DENIED', 'Permission denied');
export const noSuchFile = () => new Refusal('NO_SUCH_FILE', 'No such file or directory');

export const ok: Reply = (sftp, request) => sftp.status(request, STATUS_CODE.OK);
export const end: Reply = (sftp, request) => sftp.status(request, STATUS_CODE.EOF);

/** The status for anything thrown. What a store failed with is told in its own words, which hold no secrets. */
export function refused(error: unknown): Reply {
  const refusal = error instanceof Refusal ? error : new Refusal(statusOf(error), messageOf(error));
  return (sftp, request) => sftp.status(request, STATUS_CODE[refusal.status], refusal.message);
}

function statusOf(error: unknown): StatusName {
  const code = error instanceof Failure ? error.code : '';
  return code === 'permission-denied' ? 'PERMISSION_DENIED' : 'FAILURE';
}

const FILE_MODE = 0o100_644;
const FOLDER_MODE = 0o040_755;

export function fileAttributes(bytes: number, modified: number) {
  const seconds = Math.floor(modified / 1000);
  return { mode: FILE_MODE, uid: 0, gid: 0, size: bytes, atime: seconds, mtime: seconds };
}

/** Folders exist in S3 only as parts of keys, so they have no size and no time of their own. */
export const FOLDER_ATTRIBUTES = { mode: FOLDER_MODE, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };

/** One line of a listing, with the `ls -l` form that some clients parse. */
export function listedName(entry: ListedEntry) {
  const folder = entry.type === 'folder';
  const attrs = folder ? FOLDER_ATTRIBUTES : fileAttributes(entry.bytes, entry.modified);
  // "Sun, 03 May 2026 …"
  const [, day, month, year] = new Date(attrs.mtime * 1000).toUTCString().split(' ');
  const longname = `${folder ? 'drwxr-xr-x' : '-rw-r--r--'} 1 - - ${attrs.size} ${month} ${day} ${year} ${entry.name}`;
  return { filename: entry.name, longname, attrs };
}
