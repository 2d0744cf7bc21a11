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
  /** Years (`YYYY`) that have days, or the months (`YYYY-MM`) of one: each costs one listing. */
  periods(camera: string, year?: string): Promise<string[]>;
  entries(camera: string, day: string): Promise<LocatedEntry[]>;
  open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined>;
  /** A player that is about to open the film will jump to `seconds` in it; no such method where that costs nothing. */
  foresee?(key: string, seconds: number): void;
  /** An address where anybody may read the file for a while; undefined, or no such method, where there is none. */
  link?(key: string): Promise<string | undefined>;
  /** Files of the camera's day that must be thawed before they can be read, by key; no such method where nothing freezes. */
  frozen?(camera: string, day: string): Promise<ReadonlyMap<string, string>>;
}

/** Cameras that are asked at once: each costs a listing. */
const AT_ONCE = 16;

export interface CamerasOfDay {
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  /** Those that have something of it. */
  cameras: string[];
}

export interface Way {
  /** The first day that counts; none: whatever there is. */
  bound?: string | undefined;
  /** -1: from there back, newest first; 1: from there on, oldest first. */
  by: 1 | -1;
}

/**
 * Days that have something, nearest first. Nothing is listed that has not been come to, so that the first days cost the same in an
 * archive of years: the month of `bound`, one listing a camera; beyond it, or without it, the years, and the months of one.
 */
export async function* nearestDays(
  archive: Pick<ArchiveSource, 'periods' | 'days'>,
  cameras: readonly string[],
  { bound, by }: Way,
): AsyncGenerator<CamerasOfDay, void, undefined> {
  const near = bound?.slice(0, 7);
  const isDue = (name: string) =>
    bound === undefined || (by < 0 ? name <= bound.slice(0, name.length) : name >= bound.slice(0, name.length));
  const due = async (some: readonly string[], ask: (camera: string) => Promise<string[]>) => {
    const found = [...(await gather(some, ask))].filter(([name]) => isDue(name));
    return found.sort(([a], [b]) => (a < b ? -by : by));
  };
  async function* daysOf(month: string, some: readonly string[]) {
    for (const [day, having] of await due(some, (camera) => archive.days(camera, month)))
      yield { day, cameras: having };
  }
  if (near !== undefined) yield* daysOf(near, cameras);
  for (const [year, inYear] of await due(cameras, (camera) => archive.periods(camera))) {
    for (const [month, inMonth] of await due(inYear, (camera) => archive.periods(camera, year))) {
      if (month !== near) yield* daysOf(month, inMonth);
    }
  }
}

/** Every name that any of them has, and which of them do. */
async function gather(cameras: readonly string[], ask: (camera: string) => Promise<string[]>) {
  const having = new Map<string, string[]>();
  for (let at = 0; at < cameras.length; at += AT_ONCE) {
    const some = cameras.slice(at, at + AT_ONCE);
    const found = await Promise.all(some.map(ask));
    for (const [index, names] of found.entries()) {
      for (const name of names) having.set(name, [...(having.get(name) ?? []), some[index]!]);
    }
  }
  return having;
}
