import type { ClockEntry } from '../segment.js';
import type { Connection, Row } from './database.js';

/** Where a camera's times jump: the last moment by the clock as it was, and the same moment by the clock as it is now. */
export interface ClockStepRow {
  id: number;
  camera: string;
  before: number;
  after: number;
}

/** When the wall clock was set, as far as it shows in a camera's footage. */
export class ClockSteps {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  add(camera: string, before: number, after: number): void {
    this.#db
      .prepare('INSERT INTO clock_steps (camera, before, after) VALUES (?, ?, ?)')
      .run(camera, Math.round(before), Math.round(after));
  }

  /** Steps that touch the interval, with either of their moments or in between; in their order. */
  between(camera: string, from: number, to: number): ClockStepRow[] {
    return this.#db
      .prepare(
        'SELECT * FROM clock_steps WHERE camera = ? AND min(before, after) < ? AND max(before, after) >= ? ORDER BY id',
      )
      .all(camera, Math.round(to), Math.round(from))
      .map(clockStepRow);
  }

  last(camera: string): ClockStepRow | undefined {
    const row = this.#db.prepare('SELECT * FROM clock_steps WHERE camera = ? ORDER BY id DESC LIMIT 1').get(camera);
    return row && clockStepRow(row);
  }

  /** The era that goes on: which clock the times are of that are noted now. The same moment may have been in an earlier one. */
  era(camera: string): number {
    return this.last(camera)?.id ?? 0;
  }

  /** By how much the clock was set forward since an era. */
  shiftSince(camera: string, era: number): number {
    const sum = 'SELECT coalesce(sum(after - before), 0) AS shift FROM clock_steps WHERE camera = ? AND id > ?';
    return Number(this.#db.prepare(sum).get(camera, era)!.shift);
  }

  /** The last one of any camera. */
  newest(): ClockStepRow | undefined {
    const row = this.#db.prepare('SELECT * FROM clock_steps WHERE id = (SELECT max(id) FROM clock_steps)').get();
    return row && clockStepRow(row);
  }
}

/** The index entry. */
export function clockEntry({ camera, before, after }: ClockStepRow): ClockEntry {
  const [start, end] = before < after ? [before, after] : [after, before];
  return { type: 'clock', camera, start, end, byMs: after - before };
}

export function clockStepRow(row: Row): ClockStepRow {
  return {
    id: row.id as number,
    camera: row.camera as string,
    before: row.before as number,
    after: row.after as number,
  };
}
