import type { ObjectRange, OpenObject } from '../lib/objects/object-reader.js';
import type { Entry } from './segment.js';

/** An inclusive byte range, as HTTP writes it. */
export type ByteRange = ObjectRange;

export type OpenMedia = OpenObject;

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
  /** All, or those of a month (`YYYY-MM`), which costs one listing. */
  days(camera: string, month?: string): Promise<string[]>;
  entries(camera: string, day: string): Promise<LocatedEntry[]>;
  open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined>;
  /** An address where anybody may read the file for a while; undefined, or no such method, where there is none. */
  link?(key: string): Promise<string | undefined>;
  /** Files of the camera's day that must be thawed before they can be read, by key; no such method where nothing freezes. */
  frozen?(camera: string, day: string): Promise<ReadonlyMap<string, string>>;
}
