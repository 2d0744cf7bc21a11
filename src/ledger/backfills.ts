import type { Connection, Row } from './database.js';

/**
 * What became of asking a camera for its own recording of a gap. `waiting`: asked again at `nextAt`; `done`: what it had is here;
 * `nothing`: it has none of that time; `impossible`: it cannot be asked.
 */
export type BackfillState = 'waiting' | 'done' | 'nothing' | 'impossible';

export interface BackfillRow {
  id: number;
  camera: string;
  /** Of the gap as it was when it was first asked for. */
  start: number;
  end: number;
  state: BackfillState;
  attempts: number;
  nextAt: number;
  /** Why it was not filled, or not all of it. */
  detail?: string;
}

export type BackfillOutcome = Omit<BackfillRow, 'id' | 'camera' | 'start' | 'end'>;

/** Which gaps a camera was asked to fill, and with what success: after a restart it goes on from there. */
export class Backfills {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** The last word on a gap, or on the larger one that it is a rest of. */
  of(camera: string, start: number, end: number): BackfillRow | undefined {
    const row = this.#db
      .prepare('SELECT * FROM backfills WHERE camera = ? AND start <= ? AND end >= ? ORDER BY id DESC LIMIT 1')
      .get(camera, Math.round(start), Math.round(end));
    return row && backfillRow(row);
  }

  /** Notes what came of an attempt; `before` is what {@link of} said. */
  note(
    { camera, start, end }: Pick<BackfillRow, 'camera' | 'start' | 'end'>,
    before: BackfillRow | undefined,
    { state, attempts, nextAt, detail }: BackfillOutcome,
  ): void {
    const values = [state, attempts, Math.round(nextAt), detail ?? null];
    if (before) {
      const update = 'UPDATE backfills SET state = ?, attempts = ?, next_at = ?, detail = ? WHERE id = ?';
      this.#db.prepare(update).run(...values, before.id);
      return;
    }
    this.#db
      .prepare(
        'INSERT INTO backfills (state, attempts, next_at, detail, camera, start, end) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(...values, camera, Math.round(start), Math.round(end));
  }
}

function backfillRow(row: Row): BackfillRow {
  return {
    id: row.id as number,
    camera: row.camera as string,
    start: row.start as number,
    end: row.end as number,
    state: row.state as BackfillState,
    attempts: row.attempts as number,
    nextAt: row.next_at as number,
    detail: (row.detail as string | null) ?? undefined,
  };
}
