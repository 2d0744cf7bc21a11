import { type Entry, isMedia } from '../segment.js';

const DAY = 86_400_000;

/** Start and end (exclusive) of the UTC day `YYYY-MM-DD`, in milliseconds; undefined for anything that is no day. */
export function dayBounds(day: string): { start: number; end: number } | undefined {
  const start = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00.000Z`) : Number.NaN;
  if (!Number.isFinite(start) || new Date(start).toISOString().slice(0, 10) !== day) return undefined;
  return { start, end: start + DAY };
}

/** The years that `days` (`YYYY-MM-DD`) lie in, or the months of one year. */
export function periodsOf(days: readonly string[], year?: string): string[] {
  const within = year === undefined ? days : days.filter((day) => day.startsWith(`${year}-`));
  return [...new Set(within.map((day) => day.slice(0, year === undefined ? 4 : 7)))].sort();
}

/** Whether an entry has a moment in `[start, end)`. A snapshot is one moment long. */
export function touches(entry: Entry, { start, end }: { start: number; end: number }): boolean {
  return entry.start < end && (entry.end > start || entry.start >= start);
}

/** By start; what starts together stays in a fixed order. */
export function byStart(a: Entry, b: Entry): number {
  return a.start - b.start || a.end - b.end || (entryId(a) < entryId(b) ? -1 : 1);
}

/** What makes two entries the same one: the key, or the interval and why nothing was recorded in it. */
export function entryId(entry: Entry): string {
  if (isMedia(entry)) return entry.key;
  const why = entry.type === 'gap' ? entry.cause : entry.type === 'off' ? entry.reason : entry.byMs;
  return `${entry.type} ${entry.start} ${entry.end} ${why}`;
}
