import type { GapCause, GapEntry } from '../segment.js';
import type { ClockSteps } from './clock-steps.js';
import type { Connection, Row } from './database.js';
import { HOUR_MS, hourBefore } from './full-hours.js';

export interface GapRow extends Omit<GapEntry, 'type' | 'end'> {
  id: number;
  /** Undefined while it lasts. */
  end?: number;
  /** Which clock its times are of; see `ClockSteps.era`. */
  era: number;
}

/** Footage was erased on purpose; where the index listed it, it says so in the entry's place. */
export type ErasedSpan = Pick<GapRow, 'camera' | 'start' | 'era'> & { end: number; isListed: boolean };

/** While there was no recorder. */
export const ABSENT: ReadonlySet<GapCause> = new Set<GapCause>(['recorder-stopped', 'recorder-crashed']);

/** While there was none, or nobody knows of one: whatever comes then is a gap of its own. */
export const WITHOUT_RECORDER: ReadonlySet<GapCause> = new Set<GapCause>([...ABSENT, 'ledger-lost']);

/** What is missing, and why (invariant I4). At most one gap of a camera is open. */
export class Gaps {
  readonly #db: Connection;
  readonly #steps: ClockSteps;

  constructor(db: Connection, steps: ClockSteps) {
    this.#db = db;
    this.#steps = steps;
  }

  /** Opens a gap. If one is open already, only its cause is brought up to date: the newest is the one to act on. */
  open(camera: string, start: number, cause: GapCause, detail?: string): void {
    const open = this.current(camera);
    if (open) {
      this.#db.prepare('UPDATE gaps SET cause = ?, detail = ? WHERE id = ?').run(cause, detail ?? null, open.id);
      return;
    }
    this.#insert({ camera, start, cause, detail, era: this.#era(camera) });
  }

  /**
   * It lasts still at `until`. What lies before a full hour is closed a little later, as with time off: the archive is to show a camera
   * that is gone while it is gone. The pieces join.
   */
  extend(camera: string, until: number): void {
    const open = this.current(camera);
    const border = hourBefore(until);
    if (!open) return;
    if (border > open.start) {
      this.close(camera, border);
      this.#insert({ ...open, start: border });
    }
    const seen = 'UPDATE gaps SET seen_at = ? WHERE camera = ? AND end IS NULL';
    this.#db.prepare(seen).run(Math.round(until), camera);
  }

  /**
   * After a crash: what lasted kept its cause for as long as it was seen to; what came then is the crash's. Whoever stops in order says
   * so. Returns the cameras that were not stopped in order.
   */
  endAbandoned(): string[] {
    const cameras = this.#db.prepare("SELECT camera FROM gaps WHERE end IS NULL AND cause <> 'recorder-stopped'").all();
    this.#db
      .prepare(
        `UPDATE gaps SET end = seen_at
         WHERE end IS NULL AND seen_at > start AND cause NOT IN ('recorder-stopped', 'recorder-crashed')`,
      )
      .run();
    return cameras.map((row) => row.camera as string);
  }

  /** Footage resumes at `end`. A gap that turns out to be empty is forgotten. */
  close(camera: string, end: number): void {
    this.#db.prepare('DELETE FROM gaps WHERE camera = ? AND end IS NULL AND start >= ?').run(camera, Math.round(end));
    this.#db.prepare('UPDATE gaps SET end = ? WHERE camera = ? AND end IS NULL').run(Math.round(end), camera);
  }

  /** Adds a gap that is already over; of times of an earlier `era` where that is said. */
  add(camera: string, start: number, end: number, cause: GapCause, detail?: string, era = this.#era(camera)): void {
    if (end > start) this.#insert({ camera, start, end, cause, detail, era });
  }

  addErased({ isListed, ...span }: ErasedSpan): void {
    this.#insert({ ...span, cause: 'erased' }, isListed);
  }

  /**
   * Footage for the interval was found after all (a salvaged file, a backfill): gaps are cut back. A gap whose entry is
   * already in the index stays there, and what remains of it needs no other: readers let footage win over gaps. Gaps of another
   * era stay whole: the same moment by another clock was another moment.
   */
  fill(camera: string, start: number, end: number, era = this.#era(camera)): void {
    for (const gap of this.between(camera, start, end)) {
      if (gap.era !== era) continue;
      const isListed = this.#db.prepare('SELECT indexed FROM gaps WHERE id = ?').get(gap.id)?.indexed === 1;
      this.#db.prepare('DELETE FROM gaps WHERE id = ?').run(gap.id);
      if (gap.start < start) this.#insert({ ...gap, end: start }, isListed);
      if (gap.end === undefined) this.#insert({ ...gap, start: Math.max(gap.start, end) });
      else if (gap.end > end) this.#insert({ ...gap, start: end }, isListed);
    }
  }

  current(camera: string): GapRow | undefined {
    const row = this.#db.prepare('SELECT * FROM gaps WHERE camera = ? AND end IS NULL').get(camera);
    return row && gapRow(row);
  }

  /** Until when the one that lasts was seen to. */
  seenUntil(camera: string): number | undefined {
    const row = this.#db.prepare('SELECT seen_at FROM gaps WHERE camera = ? AND end IS NULL').get(camera);
    return (row?.seen_at as number | null | undefined) ?? undefined;
  }

  /** Gaps that touch the interval, by start. */
  between(camera: string, from: number, to: number): GapRow[] {
    // The plus keeps SQLite from walking through all earlier gaps by their start.
    return this.#db
      .prepare(
        `SELECT * FROM gaps WHERE camera = ?1 AND end > ?3 AND +start < ?2
         UNION ALL SELECT * FROM gaps WHERE camera = ?1 AND end IS NULL AND +start < ?2 ORDER BY start`,
      )
      .all(camera, Math.round(to), Math.round(from))
      .map(gapRow);
  }

  /** As {@link between}, as the next start will see it where no recorder runs: nobody knows that what was seen last lasts still. */
  told(camera: string, from: number, to: number, isRunning: boolean): GapRow[] {
    const rows = this.between(camera, from, to);
    const open = rows.find(({ end, cause }) => end === undefined && !ABSENT.has(cause));
    if (isRunning || !open) return rows;
    const seen = Math.max(open.start, this.seenUntil(camera) ?? open.start);
    const pieces = [
      { ...open, end: seen },
      { ...open, start: seen, cause: 'recorder-crashed' as const, detail: undefined },
    ];
    return [...rows.filter((row) => row !== open), ...pieces]
      .filter(({ start, end = Number.POSITIVE_INFINITY }) => end > Math.max(start, from) && start < to)
      .sort((a, b) => a.start - b.start);
  }

  /** The end of the last gap of an era that was over by `until`, or the start of the open one. */
  lastEnd(camera: string, era: number, until = Number.MAX_SAFE_INTEGER): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT max(last) AS last FROM (SELECT max(end) AS last FROM gaps WHERE camera = ?1 AND end <= ?2 AND +era = ?3
         UNION ALL SELECT start FROM gaps WHERE camera = ?1 AND end IS NULL AND start <= ?2 AND +era = ?3)`,
      )
      .get(camera, Math.round(until), era);
    return (row?.last as number | null) ?? undefined;
  }

  #era(camera: string): number {
    return this.#steps.era(camera);
  }

  #insert({ camera, start, end, cause, detail, era }: Omit<GapRow, 'id'>, isListed = false): void {
    const until = end === undefined ? null : Math.round(end);
    this.#db
      .prepare('INSERT INTO gaps (camera, start, end, cause, detail, era, indexed) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(camera, Math.round(start), until, cause, detail ?? null, era, isListed ? 1 : 0);
  }
}

/** Gaps with the pieces of those that lasted joined again, by start as they are. */
export function whole<Of extends Pick<GapRow, 'start' | 'end' | 'cause'>>(gaps: readonly Of[]): Of[] {
  const joined: Of[] = [];
  for (const gap of gaps) {
    const last = joined.at(-1);
    const isPiece = last?.end === gap.start && gap.start % HOUR_MS === 0 && last.cause === gap.cause;
    if (isPiece) joined[joined.length - 1] = { ...gap, start: last.start };
    else joined.push(gap);
  }
  return joined;
}

export function gapRow(row: Row): GapRow {
  return {
    id: row.id as number,
    camera: row.camera as string,
    start: row.start as number,
    end: (row.end as number | null) ?? undefined,
    cause: row.cause as GapCause,
    detail: (row.detail as string | null) ?? undefined,
    era: row.era as number,
  };
}

/** The index entry of a gap that is over; of one that lasts, as it stands at `now`. */
export function gapEntry(gap: GapRow, now: number): GapEntry {
  const { id: _id, era: _era, ...rest } = gap;
  return { type: 'gap', ...rest, end: gap.end ?? Math.max(now, gap.start) };
}
