import type { Ledger } from '../ledger/ledger.js';

/** Files of a run follow each other without a break; less than this between two of them is what a clock has drifted. */
const JOIN_MS = 1_000;

/** Where a file ends is known only by its last picture but one: the next may begin this much earlier. */
const FRAME_MS = 100;

/**
 * When a file of a run that nobody closed begins: where the one before it ended, or by the run's anchor; and which clock that is of.
 * Undefined if neither is known.
 */
export function salvagedStart(
  ledger: Ledger,
  run: string,
  seq: number,
  mediaMs: number,
): { start: number; era: number } | undefined {
  const known = ledger.runs.anchorAt(run, mediaMs + FRAME_MS);
  if (!known) return undefined;
  const { anchor, era } = known;
  const start = anchor + mediaMs;
  const before = ledger.files.byOrigin(run, seq - 1);
  const joins = before?.era === era && Math.abs(before.end - start) < JOIN_MS;
  return { start: joins ? before.end : start, era };
}
