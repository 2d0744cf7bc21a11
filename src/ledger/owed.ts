import type { Connection } from './database.js';

/** Files that a remote does not hold a verified copy of. */
export interface Debt {
  files: number;
  bytes: number;
  /** When the oldest of them begins, UTC ms. */
  oldest?: number;
}

/** What forgetting a remote does to what is owed to it. */
export interface Release {
  camera: string;
  /** Every remaining remote has a verified copy: they count as delivered, are indexed, and freed as retention wants. */
  released: Debt;
  /** Some remaining remote has none, or none remains: they stay. */
  kept: Debt;
}

/**
 * Deliveries to remotes that are no longer configured. Nobody makes them any more, and their files are neither indexed nor
 * freed as long as they are owed (invariants I1, I5): only a person can say that a remote is gone for good.
 */
export class Owed {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** Remotes that something is owed to, by name. Loose index scans: the cost is that of the remotes, not of the files (I8). */
  remotes(): string[] {
    const scan = (state: string) => {
      const after = (name: string) =>
        `SELECT min(remote) FROM deliveries WHERE state = '${state}' AND remote > ${name}`;
      return this.#db
        .prepare(
          `WITH RECURSIVE waiting(name) AS (
             SELECT (${after("''")}) UNION ALL SELECT (${after('name')}) FROM waiting WHERE name IS NOT NULL
           ) SELECT name FROM waiting WHERE name IS NOT NULL`,
        )
        .all()
        .map((row) => row.name as string);
    };
    return [...new Set([...scan('waiting'), ...scan('doubted'), ...scan('unproven')])].sort();
  }

  /** Those of {@link remotes} that are not among the configured ones, and what is owed to them. */
  abandoned(configured: readonly string[]): ({ remote: string } & Debt)[] {
    return this.remotes()
      .filter((remote) => !configured.includes(remote))
      .map((remote) => ({ remote, ...this.to(remote) }));
  }

  to(remote: string): Debt {
    const row = this.#db
      .prepare(`SELECT ${DEBT} FROM deliveries d JOIN files f ON f.id = d.file WHERE d.remote = ? AND ${OWED}`)
      .get(remote)!;
    return debt(row);
  }

  /** What {@link forget} would do, by camera. */
  release(remote: string, remaining: readonly string[]): Release[] {
    const rows = this.#db
      .prepare(
        `SELECT f.camera, ${RELEASED} AS released, ${DEBT} FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ?1 AND ${OWED} GROUP BY f.camera, released ORDER BY f.camera`,
      )
      .all(remote, JSON.stringify(remaining));
    const cameras = [...new Set(rows.map((row) => row.camera as string))];
    return cameras.map((camera) => {
      const one = (released: number) => rows.find((row) => row.camera === camera && row.released === released);
      return { camera, released: debt(one(1)), kept: debt(one(0)) };
    });
  }

  /**
   * Ends all deliveries that are owed to a remote. Files that every one of the `remaining` remotes holds a verified copy of
   * count as delivered from now on; any other stays (invariant I1). Call within a transaction.
   */
  forget(remote: string, remaining: readonly string[], at: number): void {
    this.#db
      .prepare(
        `UPDATE files AS f SET verified_at = ?3 WHERE f.verified_at IS NULL AND f.state = 'ready' AND ${RELEASED}
         AND f.id IN (SELECT d.file FROM deliveries d WHERE d.remote = ?1 AND ${NEVER_GOT})`,
      )
      .run(remote, JSON.stringify(remaining), Math.round(at));
    this.#db.prepare(`DELETE FROM deliveries AS d WHERE d.remote = ? AND ${NEVER_GOT}`).run(remote);
  }
}

const OWED = "d.state IN ('waiting', 'doubted', 'unproven')";

/** Owed, or sent from a local copy that is damaged. */
const NEVER_GOT = "d.state <> 'verified'";

const DEBT = 'count(*) AS files, coalesce(sum(f.bytes), 0) AS bytes, min(f.start) AS oldest';

/** At least one remote remains (?2), each has a verified copy of f, and nobody but the one to be forgotten (?1) is owed one. */
const RELEASED = `(json_array_length(?2) > 0
  AND NOT EXISTS (SELECT 1 FROM json_each(?2) r WHERE NOT EXISTS (
    SELECT 1 FROM deliveries o WHERE o.file = f.id AND o.remote = r.value AND o.state = 'verified'))
  AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.file = f.id AND o.remote <> ?1 AND o.state <> 'verified'))`;

function debt(row: Record<string, unknown> | undefined): Debt {
  if (!row) return { files: 0, bytes: 0 };
  return { files: row.files as number, bytes: row.bytes as number, oldest: (row.oldest as number | null) ?? undefined };
}
