import type { MotionSpan } from '../segment.js';
import type { Connection, Row } from './database.js';

/** One thing that moved, as one source saw it. */
export interface MotionRow extends Required<Pick<MotionSpan, 'kind' | 'source'>> {
  id: number;
  camera: string;
  start: number;
  /** Undefined while it moves. */
  end?: number;
  score?: number;
}

/** A camera whose every leaf moves must not make an index entry that nobody can read. */
const MOST_SPANS = 200;

/** What moved before each camera. Of one camera, source and kind at most one span goes on. */
export class Motion {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** Something began to move. Returns the id of its span. */
  begin({ camera, source, kind, start, score }: Omit<MotionRow, 'id' | 'end'>): number {
    const result = this.#db
      .prepare('INSERT INTO motion (camera, source, kind, start, score) VALUES (?, ?, ?, ?, ?)')
      .run(camera, source, kind, Math.round(start), score ?? null);
    return Number(result.lastInsertRowid);
  }

  /** Its end, and the highest score it reached. */
  end(id: number, end: number, score: number | undefined): void {
    this.#db
      .prepare('UPDATE motion SET end = max(start, ?), score = coalesce(?, score) WHERE id = ?')
      .run(Math.round(end), score ?? null, id);
  }

  /** It moves again so soon that it never stopped. */
  resume(id: number): void {
    this.#db.prepare('UPDATE motion SET end = NULL WHERE id = ?').run(id);
  }

  /** After a crash: nobody saw the end of what moved then, so it is as short as is known. */
  endAbandoned(): void {
    this.#db.prepare('UPDATE motion SET end = start WHERE end IS NULL').run();
  }

  /** What moved within the interval, by start. */
  between(camera: string, from: number, to: number): MotionRow[] {
    return this.#db
      .prepare(
        `SELECT * FROM motion WHERE camera = ?1 AND end >= ?3 AND +start < ?2
         UNION ALL SELECT * FROM motion WHERE camera = ?1 AND end IS NULL AND start < ?2 ORDER BY start, id`,
      )
      .all(camera, Math.round(to), Math.round(from))
      .map(motionRow);
  }

  /** What moved while a file was recorded, cut to its time; undefined if nothing did. */
  within({ camera, start, end }: { camera: string; start: number; end: number }): MotionSpan[] | undefined {
    if (end <= start) return undefined;
    const spans = this.between(camera, start, end).map((row) => ({
      start: Math.max(row.start, start),
      end: Math.min(row.end ?? end, end),
      ...{ score: row.score, kind: row.kind, source: row.source },
    }));
    return spans.length > 0 ? spans.slice(0, MOST_SPANS) : undefined;
  }

  /** The newest span of a camera. */
  latest(camera: string): MotionRow | undefined {
    const row = this.#db.prepare('SELECT * FROM motion WHERE camera = ? ORDER BY start DESC LIMIT 1').get(camera);
    return row && motionRow(row);
  }
}

function motionRow(row: Row): MotionRow {
  return {
    id: row.id as number,
    camera: row.camera as string,
    source: row.source as string,
    kind: row.kind as string,
    start: row.start as number,
    end: (row.end as number | null) ?? undefined,
    score: (row.score as number | null) ?? undefined,
  };
}
