import { type ArchiveSource, nearestDays } from '../archive-source.js';
import { dayOf, type MediaEntry } from '../segment.js';

/** So many days are read for one page at most: an archive without photos must not be read through for the want of them. */
const DAYS_AT_MOST = 31;
const DAY_MS = 86_400_000;
/** Later days cannot be written as `YYYY-MM-DD`. */
const END_OF_DAYS = Date.UTC(10_000, 0);

export interface PhotoPage {
  /** Newest first. Those of one moment stay together, so that there may be a few more than asked for. */
  photos: MediaEntry[];
  /** Where to go on; absent when there are no older days. A page may be empty and still have it. */
  before?: number;
}

/** The snapshots of `cameras` taken before `before` (UTC ms), reading no more days, and listing no more months, than the page needs. */
export async function photoPage(
  archive: ArchiveSource,
  cameras: readonly string[],
  before: number | undefined,
  limit: number,
): Promise<PhotoPage> {
  const end = before !== undefined && before < END_OF_DAYS ? before : undefined;
  const days = nearestDays(archive, cameras, { by: -1, bound: end === undefined ? undefined : dayOf(end - 1) });
  const found: MediaEntry[] = [];
  let read = 0;
  for await (const { day, cameras: having } of days) {
    if (read++ === DAYS_AT_MOST) return { photos: found, before: Date.parse(day) + DAY_MS };
    // One more than asked for tells that there is more, and so does a day that is come to with a full page.
    if (found.length > limit) return { photos: found, before: found.at(-1)!.start };
    found.push(...(await snapshotsOf(archive, having, day, end ?? Number.POSITIVE_INFINITY)));
    const page = cut(found, limit);
    if (page.before !== undefined) return page;
  }
  return { photos: found };
}

/** Cameras of one site take their pictures at the same moments: cut between two, some would be on no page. */
function cut(found: MediaEntry[], limit: number): PhotoPage {
  if (found.length <= limit) return { photos: found };
  const last = found[limit - 1]!.start;
  const photos = found.filter((photo) => photo.start >= last);
  return { photos, ...(photos.length < found.length && { before: last }) };
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
