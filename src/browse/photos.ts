import type { ArchiveSource } from '../archive-source.js';
import { dayOf, type MediaEntry } from '../segment.js';

/** So many days are read for one page at most: an archive without photos must not be read through for the want of them. */
const DAYS_AT_MOST = 31;
/** The last moment a JavaScript date can be. */
const LAST_MOMENT = 8_640_000_000_000_000;

export interface PhotoPage {
  /** Newest first. Those of one moment stay together, so that there may be a few more than asked for. */
  photos: MediaEntry[];
  /** Where to go on; absent when there are no older days. A page may be empty and still have it. */
  before?: number;
}

/** The snapshots of `cameras` taken before `before` (UTC ms), reading no more days than the page needs. */
export async function photoPage(
  archive: ArchiveSource,
  cameras: readonly string[],
  before: number | undefined,
  limit: number,
): Promise<PhotoPage> {
  const end = Math.min(before ?? LAST_MOMENT, LAST_MOMENT);
  const days = await daysOf(archive, cameras);
  const due = [...days.keys()]
    .filter((day) => Date.parse(day) < end)
    .sort()
    .reverse();
  const found: MediaEntry[] = [];
  for (const [index, day] of due.slice(0, DAYS_AT_MOST).entries()) {
    found.push(...(await snapshotsOf(archive, days.get(day)!, day, end)));
    // One more than asked for tells that there is more.
    if (found.length > limit) return cut(found, limit, index + 1 < due.length);
  }
  const next = due[DAYS_AT_MOST - 1];
  return { photos: found, ...(due.length > DAYS_AT_MOST && next && { before: Date.parse(next) }) };
}

/** Cameras of one site take their pictures at the same moments: cut between two, some would be on no page. */
function cut(found: MediaEntry[], limit: number, hasOlderDays: boolean): PhotoPage {
  const last = found[limit - 1]!.start;
  const photos = found.filter((photo) => photo.start >= last);
  return { photos, ...((hasOlderDays || photos.length < found.length) && { before: last }) };
}

async function daysOf(archive: ArchiveSource, cameras: readonly string[]): Promise<Map<string, string[]>> {
  const days = new Map<string, string[]>();
  const lists = await Promise.all(cameras.map((camera) => archive.days(camera)));
  for (const [index, list] of lists.entries()) {
    for (const day of list) days.set(day, [...(days.get(day) ?? []), cameras[index]!]);
  }
  return days;
}

async function snapshotsOf(
  archive: ArchiveSource,
  cameras: readonly string[],
  day: string,
  end: number,
): Promise<MediaEntry[]> {
  const entries = await Promise.all(cameras.map((camera) => archive.entries(camera, day)));
  return entries
    .flat()
    .flatMap((entry) => (entry.type === 'snapshot' && entry.start < end && dayOf(entry.start) === day ? [entry] : []))
    .sort((a, b) => b.start - a.start || (a.key < b.key ? -1 : 1));
}
