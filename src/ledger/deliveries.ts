import type { Connection } from './database.js';
import { type FileRow, fileRow } from './files.js';

export interface Delivery {
  file: FileRow;
  attempts: number;
  /** Whether a put was ever begun: an object already at the key may then be our own. */
  begun: boolean;
}

/** Which file has reached which remote. A delivery is `waiting` until its copy was verified there. */
export class Deliveries {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /**
   * Files that still wait for any remote become owed to this one as well, when it is added. Those that were verified
   * everywhere have left the waiting folder, and the index has named them.
   */
  ensure(remote: string): void {
    this.#db
      .prepare(
        `INSERT OR IGNORE INTO deliveries (file, remote, state)
         SELECT id, ?, 'waiting' FROM files WHERE state = 'ready' AND verified_at IS NULL`,
      )
      .run(remote);
  }

  add(file: number, remotes: readonly string[]): void {
    const insert = this.#db.prepare("INSERT OR IGNORE INTO deliveries (file, remote, state) VALUES (?, ?, 'waiting')");
    for (const remote of remotes) insert.run(file, remote);
  }

  /** Newest first, so that what just happened never waits behind a backlog; files being sent are left out by id. */
  next(remote: string, now: number, except: ReadonlySet<number>, limit: number): Delivery[] {
    return this.#db
      .prepare(
        `SELECT f.*, d.attempts, d.begun FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'waiting' AND d.next_attempt_at <= ? AND f.state = 'ready'
         ORDER BY d.next_attempt_at, d.file DESC LIMIT ?`,
      )
      .all(remote, Math.round(now), limit + except.size)
      .filter((row) => !except.has(row.id as number))
      .slice(0, limit)
      .map((row) => ({ file: fileRow(row), attempts: row.attempts as number, begun: row.begun === 1 }));
  }

  /** When the earliest delivery postponed beyond `now` is due. */
  nextDue(remote: string, now = 0): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT min(next_attempt_at) AS due FROM deliveries
         WHERE remote = ? AND state = 'waiting' AND next_attempt_at > ?`,
      )
      .get(remote, Math.round(now));
    return (row?.due as number | null) ?? undefined;
  }

  postponed(file: number, remote: string, nextAttemptAt: number, error: string): void {
    this.#db
      .prepare(
        'UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = ?, error = ? WHERE file = ? AND remote = ?',
      )
      .run(Math.round(nextAttemptAt), error, file, remote);
  }

  /** A put is about to begin: from now on an object at the key may be our own. */
  started(file: number, remote: string): void {
    this.#db.prepare('UPDATE deliveries SET begun = 1 WHERE file = ? AND remote = ?').run(file, remote);
  }

  /** The file has a new key, which no remote holds yet. */
  startOver(file: number): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET state = 'waiting', attempts = 0, begun = 0, next_attempt_at = 0, error = NULL,
         verified_at = NULL, proven_by = NULL WHERE file = ?`,
      )
      .run(file);
  }

  /** There is nothing left to send. */
  drop(file: number): void {
    this.#db.prepare("DELETE FROM deliveries WHERE file = ? AND state = 'waiting'").run(file);
  }

  verified(file: number, remote: string, at: number, provenBy: string): void {
    this.#db
      .prepare(
        "UPDATE deliveries SET state = 'verified', verified_at = ?, proven_by = ?, error = NULL WHERE file = ? AND remote = ?",
      )
      .run(Math.round(at), provenBy, file, remote);
  }

  /** Remotes a file still has to reach. */
  outstanding(file: number): string[] {
    return this.#db
      .prepare("SELECT remote FROM deliveries WHERE file = ? AND state <> 'verified'")
      .all(file)
      .map((row) => row.remote as string);
  }

  /** A remote came back or was corrected: everything postponed may be tried now. */
  retryNow(remote: string): void {
    this.#db.prepare("UPDATE deliveries SET next_attempt_at = 0 WHERE remote = ? AND state = 'waiting'").run(remote);
  }

  lastError(remote: string): string | undefined {
    const row = this.#db
      .prepare("SELECT error FROM deliveries WHERE remote = ? AND state = 'waiting' AND error IS NOT NULL LIMIT 1")
      .get(remote);
    return row?.error as string | undefined;
  }
}
