import type { Connection } from './database.js';

/** What came into the inbox, and what became of it. */
export interface ArrivalRow {
  door: string;
  /** As it was delivered, below the door. */
  path: string;
  bytes: number;
  /** When it was last written, UTC ms. */
  modifiedAt: number;
  arrivedAt: number;
  /** `set-aside`: not whole, so not uploaded; `kept` says where it lies, `reason` why. */
  outcome: 'stored' | 'set-aside';
  camera?: string;
  key?: string;
  /** Whether a rule knew its name. */
  known: boolean;
  reason?: string;
  kept?: string;
}

export interface ArrivalsSummary {
  stored: number;
  bytes: number;
  /** Of these, files whose names no rule knows. */
  unknown: number;
  setAside: number;
  lastSetAside?: { door: string; path: string; reason: string; kept: string };
  lastUnknown?: { door: string; path: string; camera: string };
}

export class Arrivals {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  add(row: ArrivalRow): void {
    this.#db
      .prepare(
        `INSERT INTO arrivals (door, path, bytes, modified_at, arrived_at, outcome, camera, key, known, reason, kept)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        ...[row.door, row.path, row.bytes, Math.round(row.modifiedAt), Math.round(row.arrivedAt), row.outcome],
        ...[row.camera ?? null, row.key ?? null, row.known ? 1 : 0, row.reason ?? null, row.kept ?? null],
      );
  }

  /** Whether this very file was taken in before, by its name, size and time: originals may stay where they are. */
  has(door: string, path: string, bytes: number, modifiedAt: number): boolean {
    return (
      this.#db
        .prepare('SELECT 1 FROM arrivals WHERE door = ? AND path = ? AND bytes = ? AND modified_at = ?')
        .get(door, path, bytes, Math.round(modifiedAt)) !== undefined
    );
  }

  /** The key of a file that was stored under this original name and never noted here: a crash came between. */
  unnoted(original: string, bytes: number): string | undefined {
    const row = this.#db
      .prepare(
        `SELECT key FROM files f WHERE original = ? AND bytes = ? AND state <> 'committing'
         AND NOT EXISTS (SELECT 1 FROM arrivals a WHERE a.key = f.key) LIMIT 1`,
      )
      .get(original, bytes);
    return row?.key as string | undefined;
  }

  /** Of which something was stored since a moment, by name. */
  cameras(since: number): string[] {
    return this.#db
      .prepare(
        "SELECT DISTINCT camera FROM arrivals WHERE outcome = 'stored' AND arrived_at >= ? AND camera IS NOT NULL ORDER BY camera",
      )
      .all(Math.round(since))
      .map((row) => row.camera as string);
  }

  summary(since: number): ArrivalsSummary {
    const at = Math.round(since);
    const sums = this.#db
      .prepare(
        `SELECT count(*) AS stored, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(known = 0), 0) AS unknown
         FROM arrivals WHERE outcome = 'stored' AND arrived_at >= ?`,
      )
      .get(at)!;
    const aside = this.#db
      .prepare("SELECT count(*) AS count FROM arrivals WHERE outcome = 'set-aside' AND arrived_at >= ?")
      .get(at)!;
    const last = (where: string) =>
      this.#db
        .prepare(
          `SELECT door, path, camera, reason, kept FROM arrivals WHERE ${where} AND arrived_at >= ?
           ORDER BY arrived_at DESC, id DESC LIMIT 1`,
        )
        .get(at);
    const [broken, unknown] = [last("outcome = 'set-aside'"), last("outcome = 'stored' AND known = 0")];
    return {
      ...{ stored: sums.stored as number, bytes: sums.bytes as number, unknown: sums.unknown as number },
      setAside: aside.count as number,
      ...(broken && { lastSetAside: broken as unknown as NonNullable<ArrivalsSummary['lastSetAside']> }),
      ...(unknown && { lastUnknown: unknown as unknown as NonNullable<ArrivalsSummary['lastUnknown']> }),
    };
  }
}
