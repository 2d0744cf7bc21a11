import { Failure, messageOf } from '../errors.js';

/** What an error of the file system means for a folder remote. */
export function folderFailure(name: string, doing: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  const message = `${name} could not ${doing}: ${messageOf(cause)}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new Failure(message, {
        kind: 'transient',
        code: 'remote-full',
        hint: 'Free space there or raise the quota; the local copy is kept until then.',
        cause,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Failure(message, {
        kind: 'permanent',
        code: 'permission-denied',
        hint: 'Give the user this runs as the right to write there, or mount it for writing.',
        cause,
      });
    case 'ENOENT':
    case 'ENODEV':
    case 'ENOTCONN':
    case 'ESTALE':
      return new Failure(message, {
        kind: 'transient',
        code: 'unreachable',
        hint: 'Is the disk mounted? The folder itself must exist: it is never made.',
        cause,
      });
    case 'ENAMETOOLONG':
      return new Failure(message, {
        kind: 'permanent',
        code: 'name-too-long',
        hint: 'That disk takes no name so long (mostly 255 bytes): shorten the name of the file, or the folders above it.',
        cause,
      });
    default:
      return new Failure(message, {
        kind: 'transient',
        code: 'remote-failure',
        hint: 'Check the health of that disk or share.',
        cause,
      });
  }
}
