import type { Clip } from '../player/plan.js';
import { isFootage, type Span } from './model.js';

/** In and out points of an export. No DOM here: unit-tested. UTC ms. */
export interface Marks {
  in?: number;
  out?: number;
}

/** Around the moment on screen where somebody exports without having marked anything. */
const USUAL_MS = 60_000;

/** The stretch the marks mean; either may come first. Without both, a minute from the one, or around `time`. */
export function stretchOf({ in: start, out: end }: Marks, time: number): { from: number; to: number } {
  if (start !== undefined && end !== undefined) return { from: Math.min(start, end), to: Math.max(start, end) };
  if (start !== undefined) return { from: start, to: start + USUAL_MS };
  if (end !== undefined) return { from: end - USUAL_MS, to: end };
  return { from: time - USUAL_MS / 2, to: time + USUAL_MS / 2 };
}

/** So much later than it happens the page knows of what is recorded. */
const LAG_MS = 6000;

/** What there is of a stretch. */
export interface Tally {
  bytes: number;
  /** Over, and in no finished file. */
  missingMs: number;
  /** Being recorded, or still to come. */
  pendingMs: number;
}

/** `spans` and `clips` of the camera, those of the stretch at least. */
export function tallyOf(
  { from, to }: { from: number; to: number },
  { spans, clips }: { spans: readonly Span[]; clips: readonly Clip[] },
  now: number,
): Tally {
  let [footageMs, bytes] = [0, 0];
  for (const { start, end, bytes: size } of clips) {
    const ms = Math.max(0, Math.min(end, to) - Math.max(start, from));
    footageMs += ms;
    bytes += size * (ms / Math.max(end - start, 1));
  }
  const last = Math.max(...spans.filter(isFootage).map(({ end }) => end));
  const isFresh = last <= now && now - last < LAG_MS;
  const openFrom = spans.find(({ kind }) => kind === 'open')?.start ?? (isFresh ? last : now);
  const pendingMs = Math.max(0, to - Math.max(from, openFrom));
  return { bytes, pendingMs, missingMs: Math.max(0, to - from - footageMs - pendingMs) };
}
