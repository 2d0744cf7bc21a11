import type { Pace } from './throttle.js';

/** What a remote says of one stored object. */
export interface RemoteObject {
  key: string;
  /** Size in bytes as the remote reports it. */
  bytes: number;
}

/**
 * What is known of a stored copy, in rising order. `accepted`: the remote said yes and offers nothing to check that by.
 * `size`: it shows exactly as many bytes as were sent. `checksum`: it named a checksum of what it stored, and it is ours.
 */
export const PROOFS = ['accepted', 'size', 'checksum'] as const;
export type Proof = (typeof PROOFS)[number];

/** Whether `proof` is enough where `needed` is asked for. */
export function suffices(proof: Proof, needed: Proof): boolean {
  return PROOFS.indexOf(proof) >= PROOFS.indexOf(needed);
}

/** Proof of one delivery. Exists only when every byte was acknowledged; what was looked up afterwards, and matched, it says. */
export interface Receipt {
  key: string;
  bytes: number;
  /** Hex SHA-256 of the bytes as they were read and sent. */
  sha256: string;
  /** Base64 CRC-64/NVME of the same bytes, as S3 prints it in `x-amz-checksum-crc64nvme`. */
  crc64nvme: string;
  proven: Proof;
  /** Where that was learnt: a look-up of the object, a listing of its folder where that is not permitted, or the reply to the put. */
  provenBy: 'stat' | 'list' | 'reply';
}

/** Reports bytes acknowledged by the remote so far, for progress bars and stall watchdogs. */
export type OnProgress = (bytesAcknowledged: number) => void;

/**
 * Somewhere files are put. One contract for all (`test/contract/remote.ts` runs against every implementation):
 *
 * - `put` stores the whole local `file` under `key` from byte 0 and resolves only once the remote has acknowledged every
 *   byte *and* the close, and a look-up afterwards shows exactly the size sent. Anything else rejects with a `Failure`.
 *   Only a remote that offers no look-up at all resolves without; its receipts say `accepted`.
 * - A rejected put may have left a partial object at `key`; a later put replaces it. A remote that never holds partial
 *   objects may refuse to replace: then it rejects with code `key-taken`, unless the object there is the very same.
 *   `replace` says that what is there was found to be damaged: a remote that keeps objects by its own choice then lets go.
 * - The file must not change while it is sent: if fewer or more bytes are read than its size at the start, put rejects.
 * - Folders in `key` (`/`-separated, relative, no `.` or `..`) need not exist beforehand.
 * - `put` never renames, appends, reads back, or sets attributes: AWS Transfer Family over S3 refuses or bills all of these.
 * - Aborting `signal` rejects with a `Failure` of kind `aborted` within a second, even if the peer is silent.
 * - A peer that acknowledges nothing for `stallMs` (implementations default to 30 s) rejects with code `stalled`.
 * - Nothing is read, and so nothing sent, before `pace` gives it; waiting for that is no stall.
 * - Only the adapter knows which of its errors are permanent (`Failure.kind`). Retry, concurrency and bandwidth are
 *   decorators around it, never inside.
 * - Calls may overlap. Connections are opened on first use, kept, and reopened after a failure.
 * - `close` never rejects, waits for nothing longer than a few seconds, and may be followed by further calls.
 */
export interface Remote {
  /** For people: `sftp://recorder@host:22`. Never contains a secret. */
  readonly name: string;
  /**
   * How long after a put that failed the remote may still publish what it had of it, over what was stored since. Servers do that
   * whose clients say only at the end how long a file is, once they notice that the client is gone. 0: never.
   */
  readonly lateMs: number;
  put(
    key: string,
    file: string,
    signal: AbortSignal,
    onProgress?: OnProgress,
    pace?: Pace,
    replace?: boolean,
  ): Promise<Receipt>;
  /** Undefined when there is no such object. Rejects with code `permission-denied` where looking is not allowed. */
  stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined>;
  /** Every object whose key starts with the folder `prefix` (`''` for all), in no particular order. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<RemoteObject>;
  /**
   * Removes one object, where that is allowed. Only for what was put to try a remote out: footage is never removed from
   * here, and a put-only sign-in refuses this, as it should. Rejects with code `permission-denied` or `not-supported` then.
   */
  remove(key: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
