import type { Ledger } from '../ledger/ledger.js';

/** Files of a run follow each other without a break; less than this between two of them is what a clock has drifted. */
const JOIN_MS = 1_000;

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
  const { anchor, era = 0 } = ledger.runs.get(run) ?? {};
  if (anchor === undefined) return undefined;
  const start = anchor + mediaMs;
  const before = ledger.files.byOrigin(run, seq - 1);
  const joins = before?.era === era && Math.abs(before.end - start) < JOIN_MS;
  return { start: joins ? before.end : start, era };
}
