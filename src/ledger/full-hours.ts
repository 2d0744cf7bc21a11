export const HOUR_MS = 3_600_000;

/** By then, nothing held in memory reaches back over the hour any more: the longest pre-roll, and the group of pictures it begins with. */
const SETTLED_MS = 180_000;

/** The last full hour (UTC) before which nothing is to come any more. */
export function hourBefore(now: number): number {
  return Math.floor((now - SETTLED_MS) / HOUR_MS) * HOUR_MS;
}
