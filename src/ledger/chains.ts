import type { Entry } from '../segment.js';
import { clockEntry, clockStepRow } from './clock-steps.js';
import type { Connection } from './database.js';
import { fileRow, mediaEntry } from './files.js';
import { gapEntry, gapRow } from './gaps.js';
import type { Motion } from './motion.js';
import { offEntry, offRow } from './offs.js';

/** The end of a camera's index chain: the last entry's number and hash, and the last shard's number. */
export interface ChainEnd {
  n: number;
  prev: string;
  shard: number;
}

/** Where an id of {@link Chains.pending} is found. */
const TABLES: Record<string, string> = { file: 'files', gap: 'gaps', off: 'offs', clock: 'clock_steps' };

const EMPTY: ChainEnd = { n: 0, prev: '0'.repeat(64), shard: 0 };

/** One written shard, as the signature of its day states it. */
export interface ShardRow {
  number: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  first: number;
  last: number;
  head: string;
}

/** What waits to be written to the archive's index: media whose delivery was verified, gaps and times off that are over. */
export class Chains {
  readonly #db: Connection;
  readonly #motion: Motion;

  constructor(db: Connection, motion: Motion) {
    this.#db = db;
    this.#motion = motion;
  }

  cameras(): string[] {
    return this.#db
      .prepare(
        `SELECT DISTINCT camera FROM files WHERE indexed = 0 AND verified_at IS NOT NULL AND kind <> 'index'
         UNION SELECT DISTINCT camera FROM gaps WHERE indexed = 0 AND end IS NOT NULL
         UNION SELECT DISTINCT camera FROM offs WHERE indexed = 0 AND lasts = 0
         UNION SELECT DISTINCT camera FROM clock_steps WHERE indexed = 0`,
      )
      .all()
      .map((row) => row.camera as string);
  }

  /** Since when the longest-waiting entry of a camera waits. */
  oldestPending(camera: string): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT min(at) AS at FROM (
           SELECT min(verified_at) AS at FROM files
             WHERE camera = ?1 AND indexed = 0 AND verified_at IS NOT NULL AND kind <> 'index'
           UNION ALL SELECT min(end) FROM gaps WHERE camera = ?1 AND indexed = 0 AND end IS NOT NULL
           UNION ALL SELECT min(end) FROM offs WHERE camera = ?1 AND indexed = 0 AND lasts = 0
           UNION ALL SELECT min(after) FROM clock_steps WHERE camera = ?1 AND indexed = 0)`,
      )
      .get(camera);
    return (row?.at as number | null) ?? undefined;
  }

  pending(camera: string, limit: number): { id: string; entry: Entry }[] {
    const media = this.#db
      .prepare(
        `SELECT * FROM files WHERE camera = ? AND indexed = 0 AND verified_at IS NOT NULL AND kind <> 'index'
         ORDER BY start LIMIT ?`,
      )
      .all(camera, limit)
      .map(fileRow)
      .map((file) => ({
        id: `file:${file.id}`,
        entry: { ...mediaEntry(file), motion: this.#motion.within(file) } as Entry,
      }));
    const gaps = this.#db
      .prepare('SELECT * FROM gaps WHERE camera = ? AND indexed = 0 AND end IS NOT NULL ORDER BY start LIMIT ?')
      .all(camera, limit)
      // With its beginning: a gap that is filled meanwhile leaves its number to the next one.
      .map((row) => ({ id: `gap:${row.id}:${row.start}`, entry: gapEntry(gapRow(row), 0) as Entry }));
    const offs = this.#db
      .prepare('SELECT * FROM offs WHERE camera = ? AND indexed = 0 AND lasts = 0 ORDER BY start LIMIT ?')
      .all(camera, limit)
      .map((row) => ({ id: `off:${row.id}`, entry: offEntry(offRow(row)) as Entry }));
    const steps = this.#db
      .prepare('SELECT * FROM clock_steps WHERE camera = ? AND indexed = 0 ORDER BY id LIMIT ?')
      .all(camera, limit)
      .map((row) => ({ id: `clock:${row.id}`, entry: clockEntry(clockStepRow(row)) as Entry }));
    return [...media, ...gaps, ...offs, ...steps].sort((a, b) => a.entry.start - b.entry.start).slice(0, limit);
  }

  end(camera: string): ChainEnd {
    const row = this.#db.prepare('SELECT n, prev, shard FROM chains WHERE camera = ?').get(camera);
    return row ? { n: row.n as number, prev: row.prev as string, shard: row.shard as number } : EMPTY;
  }

  /** Marks entries (ids of {@link pending}) as indexed and moves the chain. Call within a transaction. */
  advance(camera: string, ids: readonly string[], { n, prev, shard }: ChainEnd): void {
    for (const id of ids) {
      const [table, number, start] = id.split(':');
      const same = start === undefined ? [] : [Number(start)];
      this.#db
        .prepare(`UPDATE ${TABLES[table!]} SET indexed = 1 WHERE id = ?${same.length > 0 ? ' AND start = ?' : ''}`)
        .run(Number(number), ...same);
    }
    this.#db
      .prepare(
        `INSERT INTO chains VALUES (?, ?, ?, ?)
         ON CONFLICT (camera) DO UPDATE SET n = excluded.n, prev = excluded.prev, shard = excluded.shard`,
      )
      .run(camera, n, prev, shard);
  }

  addShard(camera: string, { number, day, first, last, head }: ShardRow): void {
    this.#db.prepare('INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?)').run(camera, number, day, first, last, head);
  }

  /** Days, `YYYY-MM-DD`, of which a shard was written. */
  days(camera: string): string[] {
    return this.#db
      .prepare('SELECT DISTINCT day FROM shards WHERE camera = ? ORDER BY day')
      .all(camera)
      .map((row) => row.day as string);
  }

  /** The shards written for a camera's day, by number. */
  shardsOf(camera: string, day: string): ShardRow[] {
    return this.#db
      .prepare('SELECT number, day, first, last, head FROM shards WHERE day = ? AND camera = ? ORDER BY number')
      .all(day, camera)
      .map((row) => ({
        number: row.number as number,
        day: row.day as string,
        first: row.first as number,
        last: row.last as number,
        head: row.head as string,
      }));
  }

  /**
   * Days before `before` with shards no signature covers, and of which nothing is still to be uploaded, indexed or
   * closed; oldest first.
   */
  unsignedDays(before: string, limit: number): { camera: string; day: string; shards: ShardRow[] }[] {
    return this.#db
      .prepare(
        `SELECT s.camera, s.day FROM shards s LEFT JOIN signatures g ON g.camera = s.camera AND g.day = s.day
         WHERE s.day < ? AND s.number > coalesce(g.shard, 0)
         GROUP BY s.camera, s.day ORDER BY s.day, s.camera`,
      )
      .all(before)
      .map((row) => ({ camera: row.camera as string, day: row.day as string }))
      .filter(({ camera, day }) => !this.#unfinished(camera, day))
      .slice(0, limit)
      .map(({ camera, day }) => ({ camera, day, shards: this.shardsOf(camera, day) }));
  }

  signed(camera: string, day: string, shard: number): void {
    this.#db
      .prepare('INSERT INTO signatures VALUES (?, ?, ?) ON CONFLICT (camera, day) DO UPDATE SET shard = excluded.shard')
      .run(camera, day, shard);
  }

  #unfinished(camera: string, day: string): boolean {
    const start = Date.parse(`${day}T00:00:00Z`);
    const end = start + 86_400_000;
    const file = this.#db
      .prepare(
        `SELECT 1 FROM files WHERE camera = ? AND start > ? AND start < ? AND end >= ? AND indexed = 0
         AND kind <> 'index' AND state IN ('committing', 'ready') LIMIT 1`,
      )
      .get(camera, start - 3_700_000, end, start);
    const gap = this.#db
      .prepare('SELECT 1 FROM gaps WHERE camera = ? AND start < ? AND (end IS NULL OR end > ?) AND indexed = 0 LIMIT 1')
      .get(camera, end, start);
    const off = this.#db
      .prepare('SELECT 1 FROM offs WHERE camera = ? AND end > ? AND start < ? AND indexed = 0 LIMIT 1')
      .get(camera, start, end);
    return file !== undefined || gap !== undefined || off !== undefined;
  }
}
