import type { GapEntry } from '../segment.js';

interface Interval {
  start: number;
  end: number;
}

/**
 * Gaps without doubles: footage wins over a gap, and an earlier gap of the list over a later one. The index is only ever added
 * to, so a gap for which footage was found afterwards is still listed there, beside what then remained of it.
 */
export function cutGaps(gaps: readonly GapEntry[], footage: readonly Interval[]): GapEntry[] {
  const kept: GapEntry[] = [];
  for (const gap of gaps) kept.push(...without(gap, [...footage, ...kept]));
  return kept;
}

function without(gap: GapEntry, covers: readonly Interval[]): GapEntry[] {
  let rest = [gap];
  for (const { start, end } of covers) {
    rest = rest.flatMap((piece) => {
      if (end <= piece.start || start >= piece.end || end <= start) return [piece];
      return [
        { ...piece, end: start },
        { ...piece, start: end },
      ].filter((part) => part.end > part.start);
    });
  }
  return rest;
}
