import { FileQueries, UNDELIVERED } from './file-queries.js';
import type { FileRow, FileState, NewFile } from './file-row.js';

export { type FileRow, type FileState, fileRow, mediaEntry, type NewFile } from './file-row.js';

/** Every file that ever became part of the archive: what becomes of each. */
export class Files extends FileQueries {
  /** Notes the intent to rename a file into the spool. Throws if key or name is taken (invariant I2). */
  begin(file: NewFile): number {
    const result = this.db
      .prepare(
        `INSERT INTO files (key, name, state, kind, camera, start, end, bytes, sha256, codecs, width, height, source, run, seq, origin, original, dated, created_at, era)
         VALUES (?, ?, 'committing', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
           coalesce(?, (SELECT max(id) FROM clock_steps WHERE camera = ?), 0))`,
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
        file.original ?? null,
        file.dated ?? null,
        Math.round(file.createdAt),
        file.era ?? null,
        file.camera,
      );
    return Number(result.lastInsertRowid);
  }

  setState(id: number, state: FileState): void {
    this.db.prepare('UPDATE files SET state = ? WHERE id = ?').run(state, id);
  }

  /**
   * Its local copy is about to be removed. False where it must not be: it may be owed again since somebody looked, or have been given
   * another name (invariant I1). One statement, which nobody comes between, not even another process.
   */
  release({ id, name }: Pick<FileRow, 'id' | 'name'>): boolean {
    const released = this.db
      .prepare(
        `UPDATE files SET state = 'removed'
         WHERE id = ? AND name = ? AND state = 'ready' AND verified_at IS NOT NULL AND NOT EXISTS (${UNDELIVERED})`,
      )
      .run(id, name);
    return released.changes > 0;
  }

  /** Notes the intent to move a file of the spool, which lies at `origin`, to another key. */
  rename(id: number, key: string, name: string, origin: string): void {
    this.db
      .prepare("UPDATE files SET key = ?, name = ?, state = 'committing', origin = ?, indexed = 0 WHERE id = ?")
      .run(key, name, origin, id);
  }

  /** Whether the index has an entry of it. */
  isListed(id: number): boolean {
    return this.db.prepare('SELECT indexed FROM files WHERE id = ?').get(id)?.indexed === 1;
  }

  /** Nothing of it is known any more: it was erased on purpose, and its copies are gone. */
  erase(id: number): void {
    this.db.prepare('DELETE FROM deliveries WHERE file = ?').run(id);
    this.db.prepare('DELETE FROM files WHERE id = ?').run(id);
  }

  /** Forgets an intent that never became a file in the spool. */
  forget(id: number): void {
    this.db.prepare("DELETE FROM files WHERE id = ? AND state = 'committing'").run(id);
  }

  /** Every remote holds a verified copy. */
  verified(id: number, at: number, crc64nvme: string | undefined): void {
    this.db
      .prepare('UPDATE files SET verified_at = ?, crc64nvme = coalesce(?, crc64nvme) WHERE id = ?')
      .run(Math.round(at), crc64nvme ?? null, id);
  }

  /** It is here again: where a remote has no verified copy of it, it is no longer delivered. */
  recounted(id: number): void {
    this.db.prepare(`UPDATE files SET verified_at = NULL WHERE id = ? AND EXISTS (${UNDELIVERED})`).run(id);
  }

  /** What was sent of it, for the index, before it counts as delivered. */
  checksummed(id: number, crc64nvme: string): void {
    this.db.prepare('UPDATE files SET crc64nvme = ? WHERE id = ?').run(crc64nvme, id);
  }

  /** The wall clock was set: local copies are as old as before. Of those verified `before` only, where that is said. */
  shiftVerified(byMs: number, before = Number.MAX_SAFE_INTEGER): void {
    this.db
      .prepare("UPDATE files SET verified_at = verified_at + ? WHERE state = 'ready' AND verified_at < ?")
      .run(Math.round(byMs), before);
  }
}
