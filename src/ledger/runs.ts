import type { Connection } from './database.js';

export interface RunRow {
  id: string;
  camera: string;
  startedAt: number;
  /** Wall time of the run's media time 0. Undefined if it was killed before that was known. */
  anchor?: number;
  /** Which clock that is of; see `ClockSteps.era`. */
  era: number;
}

export class Runs {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  start(id: string, camera: string, startedAt: number): void {
    this.#db
      .prepare('INSERT INTO runs (id, camera, started_at) VALUES (?, ?, ?)')
      .run(id, camera, Math.round(startedAt));
  }

  anchor(id: string, wall: number, era: number): void {
    this.#db.prepare('UPDATE runs SET anchor = ?, era = ? WHERE id = ?').run(Math.round(wall), era, id);
  }

  /** The clock was set: from `mediaMs` on the run's times are those of another one. What of it was closed before keeps its own. */
  step(id: string, mediaMs: number, wall: number, era: number): void {
    this.#db
      .prepare(
        'INSERT OR IGNORE INTO run_steps SELECT id, ?, anchor, era FROM runs WHERE id = ? AND anchor IS NOT NULL',
      )
      .run(Math.round(mediaMs), id);
    this.anchor(id, wall, era);
  }

  /** Wall time of media time 0, and which clock that is of, for what begins at a media time of a run. */
  anchorAt(id: string, mediaMs: number): { anchor: number; era: number } | undefined {
    const row = this.#db
      .prepare(
        `SELECT anchor, era FROM (SELECT anchor, era, until_ms FROM run_steps WHERE run = ?1 AND until_ms > ?2
         UNION ALL SELECT anchor, era, NULL FROM runs WHERE id = ?1) ORDER BY until_ms IS NULL, until_ms LIMIT 1`,
      )
      .get(id, Math.round(mediaMs));
    return typeof row?.anchor === 'number' ? { anchor: row.anchor, era: row.era as number } : undefined;
  }

  end(id: string, at: number, cause: string): void {
    this.#db.prepare('UPDATE runs SET ended_at = ?, cause = ? WHERE id = ?').run(Math.round(at), cause, id);
  }

  get(id: string): RunRow | undefined {
    const row = this.#db.prepare('SELECT * FROM runs WHERE id = ?').get(id);
    if (!row) return undefined;
    return {
      id: row.id as string,
      camera: row.camera as string,
      startedAt: row.started_at as number,
      anchor: (row.anchor as number | null) ?? undefined,
      era: row.era as number,
    };
  }

  /** Runs that were never ended: the recorder was killed or lost power. Ends them. */
  endAbandoned(at: number): string[] {
    const cameras = this.#db.prepare('SELECT DISTINCT camera FROM runs WHERE ended_at IS NULL').all();
    this.#db
      .prepare("UPDATE runs SET ended_at = ?, cause = 'recorder-crashed' WHERE ended_at IS NULL")
      .run(Math.round(at));
    return cameras.map((row) => row.camera as string);
  }
}
