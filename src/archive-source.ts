import type { Readable } from 'node:stream';
import type { Entry } from './segment.js';

/** An inclusive byte range, as HTTP writes it. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface OpenMedia {
  stream: Readable;
  /** Size of the whole object in bytes, whatever range was asked for. */
  bytes: number;
  /** The range actually delivered. */
  range: ByteRange;
}

/** An entry, and where its media can be read from right now. */
export type LocatedEntry = Entry & { local?: boolean; uploaded?: boolean };

/**
 * Where footage is found: the recorder's disk, an archive folder, a bucket, or several merged into one.
 * Contract suite: test/contract/archive-source.ts.
 *
 * - Days are UTC (`YYYY-MM-DD`). `entries` holds every entry that touches the day, by start time, also those that began
 *   the day before. The cost of a day never depends on the size of the archive.
 * - An unknown camera or day is empty, not an error. `open` of an unknown key is undefined.
 * - `open` never follows a key outside the archive, whatever the key says.
 */
export interface ArchiveSource {
  cameras(): Promise<string[]>;
  days(camera: string): Promise<string[]>;
  entries(camera: string, day: string): Promise<LocatedEntry[]>;
  open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined>;
}
