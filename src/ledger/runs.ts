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
