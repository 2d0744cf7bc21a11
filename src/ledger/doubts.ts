import type { Proof } from '../../lib/remote/remote.js';
import type { Connection } from './database.js';
import { type FileRow, fileRow } from './files.js';

/**
 * Copies that were proven, but came after a put that had failed: what a server had of that one it may publish later, over the copy.
 * Such a delivery is `doubted` until it was looked at once more; until then it counts as little as one that waits (invariant I1).
 */
export class Doubts {
  /** Told of each copy that was proven: it is off-site, whatever the second look finds. */
  onProven: ((file: number, remote: string) => void) | undefined;
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** The copy was proven at `at`, and is to be looked at once more at `lookAt`. */
  begin(file: number, remote: string, at: number, lookAt: number, provenBy: string, proven: Proof): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET state = 'doubted', verified_at = ?, next_attempt_at = ?, proven_by = ?, proven = ?, error = NULL
         WHERE file = ? AND remote = ?`,
      )
      .run(Math.round(at), Math.round(lookAt), provenBy, proven, file, remote);
    this.onProven?.(file, remote);
  }

  /** What is to be looked at first; files under way are left out by id. */
  next(remote: string, now: number, except: ReadonlySet<number>): FileRow | undefined {
    return this.#db
      .prepare(
        `SELECT f.* FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'doubted' AND d.next_attempt_at <= ? ORDER BY d.next_attempt_at LIMIT ?`,
      )
      .all(remote, Math.round(now), 1 + except.size)
      .map(fileRow)
      .find(({ id }) => !except.has(id));
  }

  /** When the earliest look beyond `now` is due. */
  nextDue(remote: string, now: number): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT min(next_attempt_at) AS due FROM deliveries
         WHERE remote = ? AND state = 'doubted' AND next_attempt_at > ?`,
      )
      .get(remote, Math.round(now));
    return (row?.due as number | null) ?? undefined;
  }

  /** How many there are, and when the first is to be looked at; of an index alone (invariant I8). */
  ahead(remote: string): { files: number; firstAt: number | undefined } {
    const row = this.#db
      .prepare(
        "SELECT count(*) AS files, min(next_attempt_at) AS first FROM deliveries WHERE remote = ? AND state = 'doubted'",
      )
      .get(remote)!;
    return { files: row.files as number, firstAt: (row.first as number | null) ?? undefined };
  }

  /** It could not be looked at. */
  postponed(file: number, remote: string, lookAt: number): void {
    this.#db
      .prepare("UPDATE deliveries SET next_attempt_at = ? WHERE file = ? AND remote = ? AND state = 'doubted'")
      .run(Math.round(lookAt), file, remote);
  }

  /** The wall clock was set: each look is due when it was meant to be. */
  shiftWaits(byMs: number): void {
    this.#db
      .prepare("UPDATE deliveries SET next_attempt_at = max(1, next_attempt_at + ?) WHERE state = 'doubted'")
      .run(Math.round(byMs));
  }

  /** None is further off than `ms` from `now`: a clock that was ahead would have put it there. */
  capWaits(now: number, ms: number): void {
    this.#db
      .prepare("UPDATE deliveries SET next_attempt_at = ?1 WHERE state = 'doubted' AND next_attempt_at > ?1")
      .run(Math.round(now + ms));
  }

  /** It is still there, whole. It was off-site when it was put, so that moment stays. */
  cleared(file: number, remote: string): void {
    this.#db
      .prepare("UPDATE deliveries SET state = 'verified' WHERE file = ? AND remote = ? AND state = 'doubted'")
      .run(file, remote);
  }

  /** It is not what it was: it is owed again. */
  justified(file: number, remote: string, error: string): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET state = 'waiting', attempts = attempts + 1, next_attempt_at = 0, error = ?,
         verified_at = NULL, proven_by = NULL, proven = NULL WHERE file = ? AND remote = ? AND state = 'doubted'`,
      )
      .run(error, file, remote);
  }
}
