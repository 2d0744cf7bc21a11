import type { Connection } from './database.js';
import { type FileRow, fileRow } from './files.js';

/** When a file of this disk was last found to be another than the one that was committed, UTC milliseconds; a space; its key. */
export const DAMAGED_AT = 'damaged-at';

/**
 * Deliveries of files whose local copy is no longer what was committed: `damaged`. Such a file is sent to nobody until it is whole
 * again, and what a remote has of it counts as little as one that waits (invariant I1).
 */
export class Damages {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** `wasPut`: its bytes lie at the key there, so that they may be replaced. False where it is owed there under that key no more. */
  found({ id, key }: Pick<FileRow, 'id' | 'key'>, remote: string, wasPut: boolean, error: string): boolean {
    const found = this.#db
      .prepare(
        `UPDATE deliveries SET state = 'damaged', attempts = attempts + 1, begun = max(begun, ?), next_attempt_at = 0, error = ?
         WHERE file = ? AND remote = ? AND state = 'waiting' AND EXISTS (SELECT 1 FROM files WHERE id = file AND key = ?)`,
      )
      .run(wasPut ? 2 : 0, error, id, remote, key);
    return found.changes > 0;
  }

  /** Files on this disk to be looked at. Those of which some remote has a copy that is yet to be looked at again have to wait for that. */
  undecided(): FileRow[] {
    return this.#db
      .prepare(
        `SELECT * FROM files f WHERE state = 'ready' AND id IN (SELECT file FROM deliveries WHERE state = 'damaged')
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.file = f.id AND d.state = 'doubted')`,
      )
      .all()
      .map(fileRow);
  }

  has(file: number): boolean {
    return this.#db.prepare("SELECT 1 FROM deliveries WHERE file = ? AND state = 'damaged'").get(file) !== undefined;
  }

  /** It is whole after all: owed again, ever more seldom where that happens again and again. */
  whole(file: number, now: number): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET state = 'waiting', next_attempt_at = ? + min(600000, 1000 << min(attempts, 10))
         WHERE file = ? AND state = 'damaged'`,
      )
      .run(Math.round(now), file);
  }

  /** Files of which a remote, or any without a name, was sent a damaged copy, or not sent it; by key. */
  of(remote: string | undefined): FileRow[] {
    return this.#db
      .prepare(
        `SELECT * FROM files WHERE id IN (
           SELECT file FROM deliveries WHERE state = 'damaged'${remote === undefined ? '' : ' AND remote = ?'}) ORDER BY key`,
      )
      .all(...(remote === undefined ? [] : [remote]))
      .map(fileRow);
  }
}
