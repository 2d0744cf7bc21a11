import { buffer } from 'node:stream/consumers';
import { type ArchiveSource, nearestDays } from '../archive-source.js';
import { dayOf } from '../segment.js';

const DAY_MS = 86_400_000;
/** Days with footage and no picture are passed over, but not for ever. */
const DAYS = 7;

/** The newest snapshot an archive holds of a camera; undefined where there is none lately. */
export async function latestPicture(
  archive: ArchiveSource,
  camera: string,
  now: number,
): Promise<{ jpeg: Buffer; at: number } | undefined> {
  let left = DAYS;
  // Clocks may be a little ahead.
  for await (const { day } of nearestDays(archive, [camera], { bound: dayOf(now + DAY_MS), by: -1 })) {
    if (left-- === 0) return undefined;
    const found = (await archive.entries(camera, day)).findLast((entry) => entry.type === 'snapshot');
    const opened = found?.type === 'snapshot' ? await archive.open(found.key) : undefined;
    if (opened) return { jpeg: await buffer(opened.stream), at: found!.start };
  }
  return undefined;
}
