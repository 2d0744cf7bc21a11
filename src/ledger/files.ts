import type { MediaEntry, MediaKind } from '../segment.js';
import type { Connection, Row } from './database.js';

export type FileState = 'committing' | 'ready' | 'removed' | 'lost';

/** A file of the archive as this recorder knows it. Index shards are files too, of kind `index`. */
export interface FileRow {
  id: number;
  key: string;
  /** Its name in the spool. */
  name: string;
  state: FileState;
  kind: MediaKind | 'index';
  camera: string;
  start: number;
  end: number;
  bytes: number;
  sha256: string;
  crc64nvme?: string;
  codecs?: string[];
  width?: number;
  height?: number;
  source: string;
  run?: string;
  seq?: number;
  /** The working file it was made from, removed once this row is `ready`. */
  origin?: string;
  createdAt: number;
  /** When the copy on every remote was verified. */
  verifiedAt?: number;
}

export type NewFile = Omit<FileRow, 'id' | 'state' | 'verifiedAt' | 'crc64nvme'>;

const COLUMNS =
  'id, key, name, state, kind, camera, start, end, bytes, sha256, crc64nvme, codecs, width, height, source, run, seq, origin, created_at, verified_at';

export class Files {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** Notes the intent to rename a file into the spool. Throws if key or name is taken (invariant I2). */
  begin(file: NewFile): number {
    const result = this.#db
      .prepare(
        `INSERT INTO files (key, name, state, kind, camera, start, end, bytes, sha256, codecs, width, height, source, run, seq, origin, created_at)
         VALUES (?, ?, 'committing', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        file.key,
        file.name,
        file.kind,
        file.camera,
        Math.round(file.start),
        Math.round(file.end),
        file.bytes,
        file.sha256,
        file.codecs ? JSON.stringify(file.codecs) : null,
        file.width ?? null,
        file.height ?? null,
        file.source,
        file.run ?? null,
        file.seq ?? null,
        file.origin ?? null,
        Math.round(file.createdAt),
      );
    return Number(result.lastInsertRowid);
  }

  setState(id: number, state: FileState): void {
    this.#db.prepare('UPDATE files SET state = ? WHERE id = ?').run(state, id);
  }

  /** Notes the intent to move a file of the spool, which lies at `origin`, to another key. */
  rename(id: number, key: string, name: string, origin: string): void {
    this.#db
      .prepare("UPDATE files SET key = ?, name = ?, state = 'committing', origin = ? WHERE id = ?")
      .run(key, name, origin, id);
  }

  /** Forgets an intent that never became a file in the spool. */
  forget(id: number): void {
    this.#db.prepare("DELETE FROM files WHERE id = ? AND state = 'committing'").run(id);
  }

  /** Every remote holds a verified copy. */
  verified(id: number, at: number, crc64nvme: string | undefined): void {
    this.#db
      .prepare('UPDATE files SET verified_at = ?, crc64nvme = coalesce(?, crc64nvme) WHERE id = ?')
      .run(Math.round(at), crc64nvme ?? null, id);
  }

  keyTaken(key: string): boolean {
    return this.#db.prepare('SELECT 1 FROM files WHERE key = ?').get(key) !== undefined;
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
    // No segment is longer than an hour (config), so the index on start bounds the search from below.
    return this.#many("camera = ? AND kind <> 'index' AND start > ? AND start < ? AND end >= ? ORDER BY start, id", [
      camera,
      from - 3_700_000,
      to,
      from,
    ]).filter((file) => file.state !== 'committing');
  }

  /** End of the newest segment of a camera. */
  lastEnd(camera: string): number | undefined {
    return this.#newest('end', camera, ['continuous', 'motion']);
  }

  /** Verified copies still on disk, oldest first: what retention may free. */
  removable(limit: number): FileRow[] {
    // Asked twice over, because what is removed is gone (invariant I1).
    const undelivered = "SELECT 1 FROM deliveries d WHERE d.file = files.id AND d.state <> 'verified'";
    return this.#many(
      `state = 'ready' AND verified_at IS NOT NULL AND NOT EXISTS (${undelivered}) ORDER BY verified_at LIMIT ?`,
      [limit],
    );
  }

  days(camera: string): number[] {
    return this.#db
      .prepare("SELECT DISTINCT start / 86400000 AS day FROM files WHERE camera = ? AND kind <> 'index' ORDER BY day")
      .all(camera)
      .map((row) => Number(row.day));
  }

  /** Names of files expected in the spool, in pages, so that a rescan's memory does not grow with the backlog (I8). */
  expectedNames(afterId: number, limit: number): { id: number; name: string; verified: boolean }[] {
    return this.#db
      .prepare("SELECT id, name, verified_at FROM files WHERE state = 'ready' AND id > ? ORDER BY id LIMIT ?")
      .all(afterId, limit)
      .map((row) => ({ id: row.id as number, name: row.name as string, verified: row.verified_at !== null }));
  }

  lastVerifiedAt(camera: string): number | undefined {
    return this.#newest('verified_at', camera, ['continuous', 'motion', 'inbox']);
  }

  /** What waits for upload: `oldest` is when its footage begins, `waitingSince` when the first of it was finished. */
  backlog(camera: string): { files: number; bytes: number; oldest?: number; waitingSince?: number } {
    const row = this.#db
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

  localBytes(): number {
    return Number(
      this.#db.prepare("SELECT coalesce(sum(bytes), 0) AS sum FROM files WHERE state = 'ready'").get()!.sum,
    );
  }

  /** Each kind by itself: only then SQLite reads the one last row of an index. */
  #newest(column: 'end' | 'verified_at', camera: string, kinds: readonly MediaKind[]): number | undefined {
    const newest = this.#db.prepare(
      `SELECT ${column} AS newest FROM files WHERE camera = ? AND kind = ? AND ${column} IS NOT NULL
       ORDER BY ${column} DESC LIMIT 1`,
    );
    const found = kinds.flatMap((kind) => (newest.get(camera, kind)?.newest as number | undefined) ?? []);
    return found.length > 0 ? Math.max(...found) : undefined;
  }

  #one(where: string, ...values: unknown[]): FileRow | undefined {
    return this.#many(`${where} LIMIT 1`, values)[0];
  }

  #many(where: string, values: unknown[] = []): FileRow[] {
    return this.#db
      .prepare(`SELECT ${COLUMNS} FROM files WHERE ${where}`)
      .all(...values)
      .map(fileRow);
  }
}

export function fileRow(row: Row): FileRow {
  const optional = <T>(value: unknown) => (value === null ? undefined : (value as T));
  const codecs = optional<string>(row.codecs);
  return {
    id: row.id as number,
    key: row.key as string,
    name: row.name as string,
    state: row.state as FileState,
    kind: row.kind as FileRow['kind'],
    camera: row.camera as string,
    start: row.start as number,
    end: row.end as number,
    bytes: row.bytes as number,
    sha256: row.sha256 as string,
    crc64nvme: optional(row.crc64nvme),
    codecs: codecs === undefined ? undefined : (JSON.parse(codecs) as string[]),
    width: optional(row.width),
    height: optional(row.height),
    source: row.source as string,
    run: optional(row.run),
    seq: optional(row.seq),
    origin: optional(row.origin),
    createdAt: row.created_at as number,
    verifiedAt: optional(row.verified_at),
  };
}

/** The index entry of a media file. */
export function mediaEntry(file: FileRow): MediaEntry {
  return {
    type: file.kind === 'snapshot' ? 'snapshot' : 'segment',
    key: file.key,
    kind: file.kind as MediaKind,
    camera: file.camera,
    start: file.start,
    end: file.end,
    bytes: file.bytes,
    sha256: file.sha256,
    crc64nvme: file.crc64nvme,
    codecs: file.codecs,
    width: file.width,
    height: file.height,
    source: file.source,
    run: file.run,
    seq: file.seq,
  };
}
