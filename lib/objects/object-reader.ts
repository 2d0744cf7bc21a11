import type { Readable } from 'node:stream';

/** An inclusive byte range, as HTTP writes it; both ends inside the object. */
export interface ObjectRange {
  start: number;
  end: number;
}

export interface StoredObject {
  key: string;
  bytes: number;
  /** UTC ms of its last write. */
  modifiedAt: number;
  /** Changes whenever the bytes do: an ETag, or size and time. */
  version: string;
  /** Where reading needs a thaw first: `GLACIER`, `DEEP_ARCHIVE`. */
  frozen?: string;
}

/** What the store itself knows of the bytes, without reading them. */
export interface StoredChecksum {
  /** Base64, as S3 prints `x-amz-checksum-crc64nvme`. */
  crc64nvme?: string;
  /** Hex. */
  sha256?: string;
}

export interface OpenObject {
  stream: Readable;
  /** Size of the whole object, whatever range was asked for. */
  bytes: number;
  /** The range delivered; of an empty object `0..-1`. */
  range: ObjectRange;
}

/**
 * Reads a store of objects: a bucket, or a folder that holds the same tree. Contract suite: test/contract/object-reader.ts.
 *
 * - Keys are relative, `/`-separated, without empty parts; nothing outside the store is ever reached, whatever a key says.
 * - What is not there is undefined or empty; whatever keeps the reader from knowing rejects with a `Failure` (`unreachable`,
 *   `permission-denied`, …).
 * - Nothing is ever written.
 */
export interface ObjectReader {
  /** For people: `s3://bucket/prefix`, `folder:/path`. */
  readonly name: string;
  /** Whether the store is there at all; no such method where one that is not rejects whatever is asked of it. */
  isThere?(): Promise<boolean>;
  /** Names directly below a folder (`''` for the top), of objects and of folders. */
  names(folder: string): Promise<string[]>;
  /** Every object below a folder (`''` for all), in no particular order. */
  list(folder: string): AsyncIterable<StoredObject>;
  stat(key: string): Promise<StoredObject | undefined>;
  /**
   * A missing start is 0, a missing or too large end the last byte. The stream must be read to its end or destroyed. Rejects
   * with `range-not-satisfiable` where the object has no such byte, with `frozen` where it must be thawed first.
   */
  open(key: string, range?: Partial<ObjectRange>): Promise<OpenObject | undefined>;
  /** A player that is about to open the film will jump to `seconds`; no such method where that costs nothing. */
  foresee?(key: string, seconds: number): void;
  /** An address where anybody may read the object for an hour, whether or not there is one; no such method where there is none. */
  link?(key: string): Promise<string>;
  /** Undefined where there is no such object; empty where the store knows no checksum. */
  checksum(key: string): Promise<StoredChecksum | undefined>;
  close(): void;
}
