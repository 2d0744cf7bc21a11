import { Failure, messageOf } from '../errors.js';
import { lostFailure, quote, saysFull, unreachableFailure } from './failures.js';
import { STATUS } from './sftp-protocol.js';

/** SFTP v5/v6 codes some v3 servers send all the same (draft-ietf-secsh-filexfer-13 §9.1). */
const NO_SPACE_ON_FILESYSTEM = 14;
const QUOTA_EXCEEDED = 15;

/** The SFTP status code of an error, if it is one. Errors of ssh2 without a code mean that the connection went away. */
export function statusOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

export function isNoSuchFile(error: unknown): boolean {
  return statusOf(error) === STATUS.NO_SUCH_FILE;
}

export function isPermissionDenied(error: unknown): boolean {
  return statusOf(error) === STATUS.PERMISSION_DENIED;
}

/** What a refused request means. `doing`: "open site/cam/a.mp4". */
export function requestFailure(name: string, doing: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const status = statusOf(cause);
  const said = quote(messageOf(cause));
  if (status === undefined || status === STATUS.NO_CONNECTION || status === STATUS.CONNECTION_LOST) {
    return lostFailure(name, cause);
  }
  const message = `${name} refused to ${doing}: ${said}`;
  if (status === STATUS.PERMISSION_DENIED) {
    const hint = 'Give this user the right to write (and to list) under its folder.';
    return new Failure(message, { kind: 'permanent', code: 'permission-denied', hint, cause });
  }
  if (status === STATUS.OP_UNSUPPORTED) {
    const hint = 'This server does not allow what an upload needs; is it an SFTP version 3 server?';
    return new Failure(message, { kind: 'permanent', code: 'not-supported', hint, cause });
  }
  if (status === NO_SPACE_ON_FILESYSTEM || status === QUOTA_EXCEEDED || saysFull(said)) {
    const hint = 'Free space on the server or raise the quota; the local copy is kept until then.';
    return new Failure(message, { kind: 'transient', code: 'remote-full', hint, cause });
  }
  if (status === STATUS.NO_SUCH_FILE) {
    const hint =
      'Folders below `root` are made, that one is not: make it on the server, or correct `root` of this remote.';
    return new Failure(message, { kind: 'transient', code: 'remote-failure', hint, cause });
  }
  const hint = 'The server gave no reason; a full disk or quota is the usual one, its log says which.';
  return new Failure(message, { kind: 'transient', code: 'remote-failure', hint, cause });
}

/** Why there is no connection. */
export function dialFailure(name: string, cause: unknown): Failure {
  const { level, code } = cause as { level?: string; code?: string | number };
  const said = quote(messageOf(cause) || String(code));
  if (level === 'client-authentication' || /authentication failure/i.test(said)) {
    const hint = 'Check the user name, and that the server knows this key or password.';
    return new Failure(`${name} refused the sign-in`, { kind: 'permanent', code: 'sign-in-refused', hint, cause });
  }
  if (/no matching/i.test(said)) {
    const hint = 'The server only offers outdated algorithms: update it, or choose a newer security policy.';
    return new Failure(`${name}: ${said}`, { kind: 'permanent', code: 'algorithms-refused', hint, cause });
  }
  return unreachableFailure(name, cause);
}
