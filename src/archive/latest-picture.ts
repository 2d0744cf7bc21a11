import { buffer } from 'node:stream/consumers';
import type { ArchiveSource } from '../archive-source.js';
import { dayOf } from '../segment.js';

/** How far back somebody looks who wants the newest picture; months cost a listing each. */
const MONTHS = 13;
/** Days with footage and no picture are passed over, but not for ever. */
const DAYS = 7;

/** The newest snapshot an archive holds of a camera; undefined where there is none lately. */
export async function latestPicture(
  archive: ArchiveSource,
  camera: string,
  now: number,
): Promise<{ jpeg: Buffer; at: number } | undefined> {
  let left = DAYS;
  for (const month of monthsBefore(now)) {
    const days = (await archive.days(camera, month)).reverse();
    for (const day of days) {
      if (left-- === 0) return undefined;
      const found = (await archive.entries(camera, day)).findLast((entry) => entry.type === 'snapshot');
      const opened = found?.type === 'snapshot' ? await archive.open(found.key) : undefined;
      if (opened) return { jpeg: await buffer(opened.stream), at: found!.start };
    }
  }
  return undefined;
}

/** `YYYY-MM`, newest first, from the month that `now` and clocks a little ahead are in. */
function monthsBefore(now: number): string[] {
  const latest = new Date(now + 86_400_000);
  return Array.from({ length: MONTHS }, (_, back) =>
    dayOf(Date.UTC(latest.getUTCFullYear(), latest.getUTCMonth() - back)).slice(0, 7),
  );
}
