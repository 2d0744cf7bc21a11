/** What a remote says of one stored object. */
export interface RemoteObject {
  key: string;
  /** Size in bytes as the remote reports it. */
  bytes: number;
}

/** Proof of one delivery. Exists only when every byte was acknowledged and the size was looked up afterwards and matched. */
export interface Receipt {
  key: string;
  bytes: number;
  /** Hex SHA-256 of the bytes as they were read and sent. */
  sha256: string;
  /** Base64 CRC-64/NVME of the same bytes, as S3 prints it in `x-amz-checksum-crc64nvme`. */
  crc64nvme: string;
  /** How the stored size was learnt: `stat` of the object, or a listing of its folder where stat is not permitted. */
  provenBy: 'stat' | 'list';
}

/** Reports bytes acknowledged by the remote so far, for progress bars and stall watchdogs. */
export type OnProgress = (bytesAcknowledged: number) => void;

/**
 * Somewhere files are put. One contract for all (`test/contract/remote.ts` runs against every implementation):
 *
 * - `put` stores the whole local `file` under `key` from byte 0 and resolves only once the remote has acknowledged every
 *   byte *and* the close, and a look-up afterwards shows exactly the size sent. Anything else rejects with a `Failure`.
 *   A rejected put may have left a partial object at `key`; a later put replaces it.
 * - The file must not change while it is sent: if fewer or more bytes are read than its size at the start, put rejects.
 * - Folders in `key` (`/`-separated, relative, no `.` or `..`) need not exist beforehand.
 * - `put` never renames, appends, reads back, or sets attributes: AWS Transfer Family over S3 refuses or bills all of these.
 * - Aborting `signal` rejects with a `Failure` of kind `aborted` within a second, even if the peer is silent.
 * - A peer that acknowledges nothing for `stallMs` (implementations default to 30 s) rejects with code `stalled`.
 * - Only the adapter knows which of its errors are permanent (`Failure.kind`). Retry, concurrency and bandwidth are
 *   decorators around it, never inside.
 * - Calls may overlap. Connections are opened on first use, kept, and reopened after a failure.
 * - `close` never rejects, waits for nothing longer than a few seconds, and may be followed by further calls.
 */
export interface Remote {
  /** For people: `sftp://recorder@host:22`. Never contains a secret. */
  readonly name: string;
  put(key: string, file: string, signal: AbortSignal, onProgress?: OnProgress): Promise<Receipt>;
  /** Undefined when there is no such object. Rejects with code `permission-denied` where looking is not allowed. */
  stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined>;
  /** Every object whose key starts with the folder `prefix` (`''` for all), in no particular order. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<RemoteObject>;
  close(): Promise<void>;
}
