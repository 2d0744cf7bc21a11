import type { Connection, Row } from './database.js';

/** Something that was wrong for a while, or is. Times are UTC milliseconds. */
export interface AlertRow {
  id: number;
  /** Of the condition (src/operate/conditions.ts). */
  condition: string;
  text: string;
  begunAt: number;
  endedAt?: number;
}

/** That a condition began or ended, not yet told to somebody. */
export interface News {
  id: number;
  what: 'begun' | 'ended';
  alert: AlertRow;
}

/** Somebody who cannot be reached for weeks is told what is newest, once they can. */
const MOST_NEWS = 500;

/** What people are told of, and what each of them has yet to hear. */
export class Alerts {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** What began and has not ended. */
  open(): AlertRow[] {
    return this.#db.prepare('SELECT * FROM alerts WHERE ended_at IS NULL ORDER BY id').all().map(alertRow);
  }

  /** A condition began, and each of these has to hear of it. Within a transaction. */
  begin(condition: string, text: string, at: number, tell: readonly string[]): void {
    const result = this.#db
      .prepare('INSERT INTO alerts (condition, text, begun_at) VALUES (?, ?, ?)')
      .run(condition, text, Math.round(at));
    this.#tell(Number(result.lastInsertRowid), 'begun', tell);
  }

  /** It is over. Within a transaction. */
  end(id: number, at: number, tell: readonly string[]): void {
    this.#db.prepare('UPDATE alerts SET ended_at = max(begun_at, ?) WHERE id = ?').run(Math.round(at), id);
    this.#tell(id, 'ended', tell);
  }

  #tell(alert: number, what: News['what'], targets: readonly string[]): void {
    for (const target of targets) {
      this.#db.prepare('INSERT INTO alert_news (target, alert, what) VALUES (?, ?, ?)').run(target, alert, what);
      this.#db
        .prepare(
          'DELETE FROM alert_news WHERE target = ?1 AND id <= (SELECT max(id) FROM alert_news WHERE target = ?1) - ?2',
        )
        .run(target, MOST_NEWS * targets.length);
    }
  }

  /** What somebody has yet to hear, oldest first. */
  news(target: string, limit: number): News[] {
    return this.#db
      .prepare(
        `SELECT n.id AS news, n.what, a.* FROM alert_news n JOIN alerts a ON a.id = n.alert
         WHERE n.target = ? ORDER BY n.id LIMIT ?`,
      )
      .all(target, limit)
      .map((row) => ({ id: row.news as number, what: row.what as News['what'], alert: alertRow(row) }));
  }

  /** They have heard it. */
  told(news: readonly number[]): void {
    for (const id of news) this.#db.prepare('DELETE FROM alert_news WHERE id = ?').run(id);
  }

  /** Nobody else is to be told any more, and what ended long ago is forgotten. */
  tidy(targets: readonly string[], before: number): void {
    const gone = targets.map(() => '?').join(', ');
    this.#db.prepare(`DELETE FROM alert_news WHERE target NOT IN (${gone})`).run(...targets);
    this.#db
      .prepare('DELETE FROM alerts WHERE ended_at < ? AND id NOT IN (SELECT alert FROM alert_news)')
      .run(Math.round(before));
  }
}

function alertRow(row: Row): AlertRow {
  return {
    id: row.id as number,
    condition: row.condition as string,
    text: row.text as string,
    begunAt: row.begun_at as number,
    ...(row.ended_at !== null && { endedAt: row.ended_at as number }),
  };
}
