import type { OffEntry, OffReason } from '../segment.js';
import type { ClockSteps } from './clock-steps.js';
import type { Connection, Row } from './database.js';
import { hourBefore } from './full-hours.js';

export interface OffRow extends Omit<OffEntry, 'type'> {
  id: number;
  /** Whether it goes on; `end` is then how far it is known to have gone. */
  lasts: boolean;
  /** Which clock its times are of; see `ClockSteps.era`. */
  era: number;
}

const DAY_MS = 86_400_000;

/**
 * When nothing was to be recorded, and why (invariant I4). At most one such time of a camera goes on; it is only known as far
 * as it was last extended, because nobody can say of the time after a crash that it was off.
 */
export class Offs {
  readonly #db: Connection;
  readonly #steps: ClockSteps;

  constructor(db: Connection, steps: ClockSteps) {
    this.#db = db;
    this.#steps = steps;
  }

  /** Off from `start` on. If it is off already, and for the same reason, that just goes on. */
  open(camera: string, start: number, reason: OffReason): void {
    const current = this.current(camera);
    if (current?.reason === reason) return;
    if (current) this.close(camera, start);
    this.#insert({ camera, start, end: start, reason, lasts: true, era: this.#steps.era(camera) });
  }

  /**
   * It is still off at `until`. What lies before midnight (UTC) is closed, so that the index of a day can be complete, and so is,
   * a little later, what lies before a full hour: the archive alone is to tell a camera before which nothing moves for days from
   * one that died. The pieces join.
   */
  extend(camera: string, until: number): void {
    const current = this.current(camera);
    if (!current || until <= current.end) return;
    const midnight = Math.floor(until / DAY_MS) * DAY_MS;
    const border = Math.max(midnight, hourBefore(until));
    if (border <= current.start) {
      this.#db.prepare('UPDATE offs SET end = ? WHERE id = ?').run(Math.round(until), current.id);
      return;
    }
    this.close(camera, border);
    this.#insert({ ...current, start: border, end: until });
  }

  /** It ends at `end`, which may be before what it was known to last until. One that turns out to be empty is forgotten. */
  close(camera: string, end: number): void {
    this.#db.prepare('DELETE FROM offs WHERE camera = ? AND lasts = 1 AND start >= ?').run(camera, Math.round(end));
    this.#db.prepare('UPDATE offs SET end = ?, lasts = 0 WHERE camera = ? AND lasts = 1').run(Math.round(end), camera);
  }

  /** After a crash: what lasted is over, as far as it is known. Returns the cameras concerned. */
  closeAbandoned(): string[] {
    const cameras = this.#db.prepare('SELECT camera FROM offs WHERE lasts = 1').all();
    this.#db.prepare('DELETE FROM offs WHERE lasts = 1 AND end <= start').run();
    this.#db.prepare('UPDATE offs SET lasts = 0 WHERE lasts = 1').run();
    return cameras.map((row) => row.camera as string);
  }

  /**
   * There is footage of the interval all the same: it wins. What the index lists already stays there; readers do likewise. Times
   * of another era stay, as gaps do.
   */
  fill(camera: string, start: number, end: number, era = this.#steps.era(camera)): void {
    for (const off of this.between(camera, start, end)) {
      if (off.era !== era) continue;
      this.#db.prepare('DELETE FROM offs WHERE id = ?').run(off.id);
      if (off.start < start) this.#insert({ ...off, end: start, lasts: false });
      if (off.lasts || off.end > end) {
        const rest = { ...off, start: Math.max(off.start, end) };
        this.#insert({ ...rest, end: Math.max(rest.end, rest.start) });
      }
    }
  }

  current(camera: string): OffRow | undefined {
    const row = this.#db.prepare('SELECT * FROM offs WHERE camera = ? AND lasts = 1').get(camera);
    return row && offRow(row);
  }

  /** Those that touch the interval, by start. */
  between(camera: string, from: number, to: number): OffRow[] {
    return this.#db
      .prepare('SELECT * FROM offs WHERE camera = ?1 AND end > ?3 AND +start < ?2 ORDER BY +start')
      .all(camera, Math.round(to), Math.round(from))
      .map(offRow);
  }

  /** The end of the last one of an era that was over by `until`. */
  lastEnd(camera: string, era: number, until = Number.MAX_SAFE_INTEGER): number | undefined {
    const row = this.#db
      .prepare('SELECT max(end) AS last FROM offs WHERE camera = ? AND end <= ? AND +era = ?')
      .get(camera, Math.round(until), era);
    return (row?.last as number | null) ?? undefined;
  }

  #insert({ camera, start, end, reason, lasts, era }: Omit<OffRow, 'id'>): void {
    this.#db
      .prepare('INSERT INTO offs (camera, start, end, reason, lasts, era) VALUES (?, ?, ?, ?, ?, ?)')
      .run(camera, Math.round(start), Math.round(end), reason, lasts ? 1 : 0, era);
  }
}

export function offRow(row: Row): OffRow {
  return {
    id: row.id as number,
    camera: row.camera as string,
    start: row.start as number,
    end: row.end as number,
    reason: row.reason as OffReason,
    lasts: row.lasts === 1,
    era: row.era as number,
  };
}

/** The index entry. */
export function offEntry({ camera, start, end, reason }: OffRow): OffEntry {
  return { type: 'off', camera, start, end, reason };
}
