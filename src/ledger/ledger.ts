import { Chains } from './chains.js';
import { type Connection, openDatabase } from './database.js';
import { Deliveries } from './deliveries.js';
import { Files } from './files.js';
import { Gaps } from './gaps.js';
import { Runs } from './runs.js';

/**
 * What exists, and where it stands. Written by one process (see src/spool/lock.ts), read by any.
 * The ledger is a memory, not the truth: the spool and the archive are, and it is repaired from them.
 */
export class Ledger {
  readonly files: Files;
  readonly deliveries: Deliveries;
  readonly gaps: Gaps;
  readonly runs: Runs;
  readonly chains: Chains;
  readonly #db: Connection;

  constructor(path: string) {
    this.#db = openDatabase(path);
    this.files = new Files(this.#db);
    this.deliveries = new Deliveries(this.#db);
    this.gaps = new Gaps(this.#db);
    this.runs = new Runs(this.#db);
    this.chains = new Chains(this.#db);
  }

  /** Everything inside happens, durably, or nothing does. */
  transaction<Result>(work: () => Result): Result {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // SQLite rolled back by itself, as it does on a full disk; the error that made it do so is the one to tell.
    }
  }

  /**
   * Until when a camera is accounted for: the end of its last segment or gap. Undefined if nothing is known of it.
   * An open gap counts until its start.
   */
  coveredUntil(camera: string): number | undefined {
    const ends = [this.files.lastEnd(camera), this.gaps.lastEnd(camera)].filter((end) => end !== undefined);
    return ends.length > 0 ? Math.max(...ends) : undefined;
  }

  /** Cameras with any footage or gap, by name. */
  cameras(): string[] {
    return this.#db
      .prepare('SELECT camera FROM files UNION SELECT camera FROM gaps ORDER BY camera')
      .all()
      .map((row) => row.camera as string);
  }

  meta(name: string): string | undefined {
    return this.#db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.value as string | undefined;
  }

  setMeta(name: string, value: string): void {
    this.#db
      .prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
      .run(name, value);
  }

  close(): void {
    this.#db.close();
  }
}
