import type { MediaKind } from '../segment.js';
import type { Connection } from './database.js';
import { COLUMNS, type FileRow, fileRow } from './file-row.js';

/** SQL for what some remote has no verified copy of. */
export const UNDELIVERED = "SELECT 1 FROM deliveries d WHERE d.file = files.id AND d.state <> 'verified'";

/** What there is to ask of the files of the archive. */
export class FileQueries {
  protected readonly db: Connection;

  constructor(db: Connection) {
    this.db = db;
  }

  keyTaken(key: string): boolean {
    return this.db.prepare('SELECT 1 FROM files WHERE key = ?').get(key) !== undefined;
  }

  byKey(key: string): FileRow | undefined {
    return this.#one('key = ?', key);
  }

  byName(name: string): FileRow | undefined {
    return this.#one('name = ?', name);
  }

  byId(id: number): FileRow | undefined {
    return this.#one('id = ?', id);
  }

  byOrigin(run: string, seq: number): FileRow | undefined {
    return this.#one("run = ? AND seq = ? AND kind <> 'snapshot'", run, seq);
  }

  /** Whether a file is about to be moved from this path into the spool. */
  isMoving(path: string): boolean {
    return this.#one("state = 'committing' AND origin = ?", path) !== undefined;
  }

  committing(): FileRow[] {
    return this.#many("state = 'committing'");
  }

  /** Media of a camera that touches the interval, by start. */
  between(camera: string, from: number, to: number): FileRow[] {
    // No file is longer than a day (config; src/inbox/take.ts), so the index on start bounds the search from below.
    return this.#many("camera = ? AND kind <> 'index' AND start > ? AND start < ? AND end >= ? ORDER BY start, id", [
      camera,
      from - 86_500_000,
      to,
      from,
    ]).filter((file) => file.state !== 'committing');
  }

  /** Media of a camera that starts in the interval and was verified: on one remote, or on all without a name. By start. */
  delivered(remote: string | undefined, camera: string, from: number, to: number): FileRow[] {
    const values = [camera, from, to, ...(remote === undefined ? [] : [remote])];
    return this.#many(
      `camera = ? AND kind <> 'index' AND start >= ? AND start < ? AND ${onRemote(remote)} ORDER BY start`,
      values,
    );
  }

  /** Shards and signatures below a folder of the index that were verified: on one remote, or on all without a name. */
  deliveredIndex(remote: string | undefined, folder: string): FileRow[] {
    const values = [folder, `${folder}\u{10ffff}`, ...(remote === undefined ? [] : [remote])];
    return this.#many(`key > ? AND key < ? AND kind = 'index' AND ${onRemote(remote)} ORDER BY key`, values);
  }

  /** Keys of a camera's index files that wait for their upload. */
  pendingIndex(camera: string): string[] {
    return this.#many("camera = ? AND kind = 'index' AND state IN ('committing', 'ready') AND verified_at IS NULL", [
      camera,
    ]).map((file) => file.key);
  }

  /** End of the newest segment of a camera that was recorded here, in an era or in any, and ended by `until`. */
  lastEnd(camera: string, era?: number, until = Number.MAX_SAFE_INTEGER): number | undefined {
    return this.#newest('end', camera, ['continuous', 'motion'], until, era);
  }

  /** End of the newest segment that was delivered. */
  lastDeliveredEnd(camera: string): number | undefined {
    return this.#newest('end', camera, ['inbox']);
  }

  /** Verified copies still on disk, oldest first: what retention may free; of one camera, or of all but some. */
  removable(limit: number, { camera, except = [] }: { camera?: string; except?: readonly string[] } = {}): FileRow[] {
    // Asked twice over, because what is removed is gone (invariant I1).
    const whose = camera === undefined ? `camera NOT IN (${except.map(() => '?').join(', ')})` : 'camera = ?';
    return this.#many(
      `state = 'ready' AND verified_at IS NOT NULL AND NOT EXISTS (${UNDELIVERED}) AND ${whose}
       ORDER BY verified_at LIMIT ?`,
      [...(camera === undefined ? except : [camera]), limit],
    );
  }

  /** What some remote lacks of a kind, the oldest of it: what only the owner's consent gives up. */
  oldestUnsent(kind: Exclude<MediaKind, 'snapshot'>): FileRow | undefined {
    return this.#one("state = 'ready' AND verified_at IS NULL AND kind = ? ORDER BY start", kind);
  }

  days(camera: string): number[] {
    return this.db
      .prepare("SELECT DISTINCT start / 86400000 AS day FROM files WHERE camera = ? AND kind <> 'index' ORDER BY day")
      .all(camera)
      .map((row) => Number(row.day));
  }

  /** Names of files expected in the spool, in pages, so that a rescan's memory does not grow with the backlog (I8). */
  expectedNames(afterId: number, limit: number): { id: number; name: string; verified: boolean }[] {
    return this.db
      .prepare("SELECT id, name, verified_at FROM files WHERE state = 'ready' AND id > ? ORDER BY id LIMIT ?")
      .all(afterId, limit)
      .map((row) => ({ id: row.id as number, name: row.name as string, verified: row.verified_at !== null }));
  }

  lastVerifiedAt(camera: string): number | undefined {
    return this.#newest('verified_at', camera, ['continuous', 'motion', 'inbox']);
  }

  /** What waits for upload: `oldest` is when its footage begins, `waitingSince` when the first of it was finished. */
  backlog(camera: string): { files: number; bytes: number; oldest?: number; waitingSince?: number } {
    const row = this.db
      .prepare(
        "SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes, min(start) AS oldest, min(created_at) AS since FROM files WHERE camera = ? AND state = 'ready' AND verified_at IS NULL AND kind <> 'index'",
      )
      .get(camera)!;
    return {
      files: row.files as number,
      bytes: row.bytes as number,
      oldest: (row.oldest as number | null) ?? undefined,
      waitingSince: (row.since as number | null) ?? undefined,
    };
  }

  /** What files on this disk take, of all cameras or of one. */
  localBytes(camera?: string): number {
    const sum = "SELECT coalesce(sum(bytes), 0) AS sum FROM files WHERE state = 'ready'";
    const row =
      camera === undefined ? this.db.prepare(sum).get()! : this.db.prepare(`${sum} AND camera = ?`).get(camera)!;
    return Number(row.sum);
  }

  /** Each kind by itself: only then SQLite reads the one last row of an index. */
  #newest(
    column: 'end' | 'verified_at',
    camera: string,
    kinds: readonly MediaKind[],
    until = Number.MAX_SAFE_INTEGER,
    era?: number,
  ): number | undefined {
    const newest = this.db.prepare(
      `SELECT ${column} AS newest FROM files WHERE camera = ?1 AND kind = ?2 AND ${column} IS NOT NULL AND ${column} <= ?3
       AND (?4 IS NULL OR era = ?4) ORDER BY ${column} DESC LIMIT 1`,
    );
    const found = kinds.flatMap(
      (kind) => (newest.get(camera, kind, until, era ?? null)?.newest as number | undefined) ?? [],
    );
    return found.length > 0 ? Math.max(...found) : undefined;
  }

  #one(where: string, ...values: unknown[]): FileRow | undefined {
    return this.#many(`${where} LIMIT 1`, values)[0];
  }

  #many(where: string, values: unknown[] = []): FileRow[] {
    return this.db
      .prepare(`SELECT ${COLUMNS} FROM files WHERE ${where}`)
      .all(...values)
      .map(fileRow);
  }
}

/** SQL for what was verified on a remote, which is the last value then, or on all. */
function onRemote(remote: string | undefined): string {
  if (remote === undefined) return 'verified_at IS NOT NULL';
  return "EXISTS (SELECT 1 FROM deliveries d WHERE d.file = files.id AND d.remote = ? AND d.state = 'verified')";
}
