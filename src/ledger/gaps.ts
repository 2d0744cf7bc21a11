import type { GapCause, GapEntry } from '../segment.js';
import type { Connection, Row } from './database.js';

export interface GapRow extends Omit<GapEntry, 'type' | 'end'> {
  id: number;
  /** Undefined while it lasts. */
  end?: number;
}

/** What is missing, and why (invariant I4). At most one gap of a camera is open. */
export class Gaps {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** Opens a gap. If one is open already, only its cause is brought up to date: the newest is the one to act on. */
  open(camera: string, start: number, cause: GapCause, detail?: string): void {
    const open = this.current(camera);
    if (open) {
      this.#db.prepare('UPDATE gaps SET cause = ?, detail = ? WHERE id = ?').run(cause, detail ?? null, open.id);
      return;
    }
    this.#insert(camera, start, undefined, cause, detail);
  }

  /** Footage resumes at `end`. A gap that turns out to be empty is forgotten. */
  close(camera: string, end: number): void {
    this.#db.prepare('DELETE FROM gaps WHERE camera = ? AND end IS NULL AND start >= ?').run(camera, Math.round(end));
    this.#db.prepare('UPDATE gaps SET end = ? WHERE camera = ? AND end IS NULL').run(Math.round(end), camera);
  }

  /** Adds a gap that is already over. */
  add(camera: string, start: number, end: number, cause: GapCause, detail?: string): void {
    if (end > start) this.#insert(camera, start, end, cause, detail);
  }

  /**
   * Footage for the interval was found after all (a salvaged file, a backfill): gaps are cut back. A gap whose entry is
   * already in the index stays there; readers let footage win over gaps.
   */
  fill(camera: string, start: number, end: number): void {
    for (const gap of this.between(camera, start, end)) {
      this.#db.prepare('DELETE FROM gaps WHERE id = ?').run(gap.id);
      if (gap.start < start) this.#insert(camera, gap.start, start, gap.cause, gap.detail);
      if (gap.end === undefined) this.#insert(camera, Math.max(gap.start, end), undefined, gap.cause, gap.detail);
      else if (gap.end > end) this.#insert(camera, end, gap.end, gap.cause, gap.detail);
    }
  }

  current(camera: string): GapRow | undefined {
    const row = this.#db.prepare('SELECT * FROM gaps WHERE camera = ? AND end IS NULL').get(camera);
    return row && gapRow(row);
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

  lastEnd(camera: string): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT max(last) AS last FROM (SELECT max(end) AS last FROM gaps WHERE camera = ?1
         UNION ALL SELECT start FROM gaps WHERE camera = ?1 AND end IS NULL)`,
      )
      .get(camera);
    return (row?.last as number | null) ?? undefined;
  }

  #insert(camera: string, start: number, end: number | undefined, cause: GapCause, detail?: string): void {
    this.#db
      .prepare('INSERT INTO gaps (camera, start, end, cause, detail) VALUES (?, ?, ?, ?, ?)')
      .run(camera, Math.round(start), end === undefined ? null : Math.round(end), cause, detail ?? null);
  }
}

export function gapRow(row: Row): GapRow {
  return {
    id: row.id as number,
    camera: row.camera as string,
    start: row.start as number,
    end: (row.end as number | null) ?? undefined,
    cause: row.cause as GapCause,
    detail: (row.detail as string | null) ?? undefined,
  };
}

/** The index entry of a gap that is over; of one that lasts, as it stands at `now`. */
export function gapEntry(gap: GapRow, now: number): GapEntry {
  const { id: _, ...rest } = gap;
  return { type: 'gap', ...rest, end: gap.end ?? Math.max(now, gap.start) };
}
