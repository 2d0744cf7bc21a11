import type { Entry, GapEntry, OffEntry } from '../segment.js';

interface Interval {
  start: number;
  end: number;
}

/** An interval without footage: by misfortune or on purpose. */
export type Absence = GapEntry | OffEntry;

export function isAbsence(entry: Entry): entry is Absence {
  return entry.type === 'gap' || entry.type === 'off';
}

/**
 * Intervals without footage, and without doubles: footage wins over all of them, time that was to be off over a gap, and an
 * earlier one of the list over a later one. The index is only ever added to, so a gap for which footage was found afterwards
 * is still listed there, beside what then remained of it.
 */
export function cutAbsences(absences: readonly Absence[], footage: readonly Interval[]): Absence[] {
  const off = absences.filter((one) => one.type === 'off');
  return cutInOrder([...off, ...absences.filter((one) => one.type === 'gap')], footage);
}

/** As {@link cutAbsences}, of gaps alone. */
export function cutGaps(gaps: readonly GapEntry[], covers: readonly Interval[]): GapEntry[] {
  return cutInOrder(gaps, covers);
}

function cutInOrder<One extends Interval>(all: readonly One[], covers: readonly Interval[]): One[] {
  const kept: One[] = [];
  for (const one of all) kept.push(...without(one, [...covers, ...kept]));
  return kept;
}

function without<One extends Interval>(whole: One, covers: readonly Interval[]): One[] {
  let rest = [whole];
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
