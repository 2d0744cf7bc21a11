import type { ArchiveSource, LocatedEntry } from '../archive-source.js';
import { dayOf, type MediaEntry } from '../segment.js';
import { byStart, entryId } from './day.js';

const DAY = 86_400_000;

export type LocatedMedia = MediaEntry & { local?: boolean; uploaded?: boolean };

/** Every entry that has a moment in `[start, end)`, by start. Reads the UTC days it touches and no others. */
export async function entriesIn(
  archive: ArchiveSource,
  camera: string,
  { start, end }: { start: number; end: number },
): Promise<LocatedEntry[]> {
  const found = new Map<string, LocatedEntry>();
  for (let day = Math.floor(start / DAY); day * DAY < end; day++) {
    for (const entry of await archive.entries(camera, dayOf(day * DAY))) {
      if (entry.start < end && (entry.end > start || entry.start >= start)) found.set(entryId(entry), entry);
    }
  }
  return [...found.values()].sort(byStart);
}

export function isMedia(entry: LocatedEntry): entry is LocatedMedia {
  return 'key' in entry;
}

export function isSegment(entry: LocatedEntry): entry is LocatedMedia {
  return entry.type === 'segment';
}
