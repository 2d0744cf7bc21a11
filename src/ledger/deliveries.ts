import { PROOFS, type Proof, suffices } from '../../lib/remote/remote.js';
import { ADOPTED, BACKFILLED } from '../segment.js';
import type { Connection } from './database.js';
import { type FileRow, fileRow } from './files.js';

export interface Delivery {
  file: FileRow;
  attempts: number;
  /** Whether a put was ever begun: an object already at the key may then be our own. */
  begun: boolean;
  /** Whether what lies at the key was found to be damaged, and may be replaced. */
  replaces: boolean;
  /** Whether it goes before the rest, and gets the line for itself. */
  urgent: boolean;
}

/** 0: motion, and whatever was recorded while something moved; 1: pictures and the index; 2: everything else; 3: what was fetched afterwards. */
export type Urgency = 0 | 1 | 2 | 3;

/** Something moved while it was recorded. */
const MOVED = `EXISTS (SELECT 1 FROM motion m WHERE m.camera = files.camera AND m.end >= files.start AND +m.start < files.end)
  OR EXISTS (SELECT 1 FROM motion m WHERE m.camera = files.camera AND m.end IS NULL AND m.start < files.end)`;

const URGENCY = `CASE WHEN source = '${BACKFILLED}' THEN 3 ELSE CASE kind WHEN 'motion' THEN 0 WHEN 'snapshot' THEN 1 WHEN 'index' THEN 1
  ELSE CASE WHEN ${MOVED} THEN 0 ELSE 2 END END END`;

/** The file of a delivery has this key. */
const HAS_KEY = 'EXISTS (SELECT 1 FROM files WHERE id = file AND key = ?)';

/**
 * Which file has reached which remote. A delivery is `waiting` until the remote has taken it; then it is `verified`, or
 * `unproven` where the remote could not show as much as is asked of it: not sent again, and no reason to free the local copy.
 * After a put that failed it is `doubted` for a while (doubts.ts); `damaged` where the local copy turned out to be (damages.ts).
 */
export class Deliveries {
  /** Told of each copy that was proven, and of each upload that failed. */
  onVerified: ((file: number, remote: string) => void) | undefined;
  onPostponed: ((remote: string) => void) | undefined;
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
        `INSERT OR IGNORE INTO deliveries (file, remote, state, camera, urgency)
         SELECT id, ?, 'waiting', camera, ${URGENCY} FROM files WHERE state = 'ready' AND verified_at IS NULL`,
      )
      .run(remote);
  }

  /** Owed to each of these that has not got it. What was sent damaged is owed again: the file is here, and whole. */
  add(file: number, remotes: readonly string[]): void {
    const insert = this.#db.prepare(
      `INSERT INTO deliveries (file, remote, state, camera, urgency)
       SELECT id, ?, 'waiting', camera, ${URGENCY} FROM files WHERE id = ?
       ON CONFLICT (file, remote) DO UPDATE SET state = 'waiting', next_attempt_at = 0, error = NULL
         WHERE deliveries.state = 'damaged'`,
    );
    for (const remote of remotes) insert.run(remote, file);
  }

  /** The newest due file of an urgency that has no turns by camera; files being sent are left out by id. */
  newest(remote: string, urgency: Urgency, now: number, except: ReadonlySet<number>): Delivery | undefined {
    return this.#first(`d.urgency = ${urgency}`, [remote], now, except);
  }

  /** Cameras with a backlog, by name. The loose index scan costs what there are cameras, not files (invariant I8). */
  camerasWaiting(remote: string): string[] {
    const after = (name: string) =>
      `SELECT min(camera) FROM deliveries WHERE remote = ?1 AND state = 'waiting' AND urgency = 2 AND camera > ${name}`;
    return this.#db
      .prepare(
        `WITH RECURSIVE waiting(name) AS (
           SELECT (${after("''")}) UNION ALL SELECT (${after('name')}) FROM waiting WHERE name IS NOT NULL
         ) SELECT name FROM waiting WHERE name IS NOT NULL`,
      )
      .all(remote)
      .map((row) => row.name as string);
  }

  /** The newest due file of a camera's backlog. */
  newestOf(remote: string, camera: string, now: number, except: ReadonlySet<number>): Delivery | undefined {
    return this.#first('d.urgency = 2 AND d.camera = ?', [remote, camera], now, except);
  }

  /**
   * How punctually motion recordings that were delivered since a moment arrived: from the end of each to its verification. What a
   * ledger that was lost took back is left out: when that was delivered nobody knows any more.
   */
  punctuality(remote: string, since: number, deadlineMs: number): { sent: number; late: number; worstMs?: number } {
    const row = this.#db
      .prepare(
        `SELECT count(*) AS sent, coalesce(sum(d.verified_at - f.end > ?), 0) AS late, max(d.verified_at - f.end) AS worst
         FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'verified' AND d.urgency = 0 AND d.verified_at >= ? AND f.source <> ?`,
      )
      .get(deadlineMs, remote, Math.round(since), ADOPTED)!;
    return { sent: row.sent as number, late: row.late as number, worstMs: (row.worst as number | null) ?? undefined };
  }

  /** When what moved first, of all that still waits, was over; what a lost ledger took back waits for nothing but an answer. */
  motionWaitsSince(remote: string): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT f.end FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'waiting' AND d.urgency = 0 AND f.source <> ? ORDER BY d.file LIMIT 1`,
      )
      .get(remote, ADOPTED);
    return row?.end as number | undefined;
  }

  #first(where: string, values: unknown[], now: number, except: ReadonlySet<number>): Delivery | undefined {
    const row = this.#db
      .prepare(
        `SELECT f.*, d.attempts, d.begun, d.urgency FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'waiting' AND ${where} AND d.next_attempt_at <= ? AND f.state = 'ready'
         AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.file = d.file AND o.state = 'damaged')
         ORDER BY d.file DESC LIMIT ?`,
      )
      .all(...values, Math.round(now), 1 + except.size)
      .find(({ id }) => !except.has(id as number));
    if (!row) return undefined;
    const { attempts, begun, urgency } = row;
    return {
      ...{ file: fileRow(row), attempts: attempts as number, urgent: (urgency as Urgency) < 2 },
      ...{ begun: begun !== 0, replaces: begun === 2 },
    };
  }

  /** When the earliest delivery postponed beyond `now` is due. */
  nextDue(remote: string, now = 0): number | undefined {
    const row = this.#db
      .prepare(
        `SELECT min(next_attempt_at) AS due FROM deliveries
         WHERE remote = ? AND state = 'waiting' AND next_attempt_at > 0 AND next_attempt_at > ?`,
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
    this.onPostponed?.(remote);
  }

  /** The wall clock was set: what was postponed by it stays so for as long as was meant. */
  shiftWaits(byMs: number): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET next_attempt_at = max(1, next_attempt_at + ?)
         WHERE state = 'waiting' AND next_attempt_at > 0`,
      )
      .run(Math.round(byMs));
  }

  /** Nothing waits longer than `ms` from `now`: what was postponed by a clock that was ahead would wait for that. */
  capWaits(now: number, ms: number): void {
    this.#db
      .prepare("UPDATE deliveries SET next_attempt_at = ?1 WHERE state = 'waiting' AND next_attempt_at > ?1")
      .run(Math.round(now + ms));
  }

  /** A put is about to begin: from now on an object at the key may be our own. False where it is owed there under that key no more. */
  started({ id, key }: Pick<FileRow, 'id' | 'key'>, remote: string): boolean {
    const started = this.#db
      .prepare(`UPDATE deliveries SET begun = max(begun, 1) WHERE file = ? AND remote = ? AND ${HAS_KEY}`)
      .run(id, remote, key);
    return started.changes > 0;
  }

  /**
   * Whether a delivery is still what it was when work on it began: another remote may have had the file get a new key since, or it
   * was given up. Ask in the transaction that notes the outcome (invariant I1).
   */
  isStill(state: 'waiting' | 'unproven', { id, key }: Pick<FileRow, 'id' | 'key'>, remote: string): boolean {
    const still = `SELECT 1 FROM deliveries WHERE file = ? AND remote = ? AND state = ? AND ${HAS_KEY}`;
    return this.#db.prepare(still).get(id, remote, state, key) !== undefined;
  }

  /** The file has a new key, which no remote holds yet. */
  startOver(file: number): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET state = 'waiting', attempts = 0, begun = 0, next_attempt_at = 0, error = NULL,
         verified_at = NULL, proven_by = NULL, proven = NULL WHERE file = ?`,
      )
      .run(file);
  }

  /**
   * What a remote had is lost or damaged there, and this disk still has it: it is owed again. As a put was begun before, what
   * lies at its key is replaced where the remote allows that, and else the file gets another key (invariant I2). False where
   * the file is no longer here, or waits already.
   */
  again(file: number, remote: string): boolean {
    const changed = this.#db
      .prepare(
        `UPDATE deliveries SET state = 'waiting', attempts = 0, begun = 2, next_attempt_at = 0, error = NULL,
         verified_at = NULL, proven_by = NULL, proven = NULL
         WHERE file = ? AND remote = ? AND state <> 'waiting' AND EXISTS (SELECT 1 FROM files WHERE id = file AND state = 'ready')`,
      )
      .run(file, remote);
    if (changed.changes === 0) return false;
    this.#db.prepare('UPDATE files SET verified_at = NULL WHERE id = ?').run(file);
    return true;
  }

  /** Files a remote took without proving as much as is asked of it, by id. */
  unprovenFiles(remote: string, afterId: number, limit: number): FileRow[] {
    return this.#db
      .prepare(
        `SELECT f.* FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'unproven' AND d.file > ? ORDER BY d.file LIMIT ?`,
      )
      .all(remote, afterId, limit)
      .map(fileRow);
  }

  /** There is nothing left to send. */
  drop(file: number): void {
    this.#db.prepare("DELETE FROM deliveries WHERE file = ? AND state = 'waiting'").run(file);
  }

  /** A look-up shows the size at least, hence the default. */
  verified(file: number, remote: string, at: number, provenBy: string, proven: Proof = 'size'): void {
    this.#taken('verified', file, remote, at, provenBy, proven);
    this.onVerified?.(file, remote);
  }

  unproven(file: number, remote: string, at: number, provenBy: string, proven: Proof): void {
    this.#taken('unproven', file, remote, at, provenBy, proven);
  }

  #taken(state: string, file: number, remote: string, at: number, provenBy: string, proven: Proof): void {
    this.#db
      .prepare(
        `UPDATE deliveries SET state = ?, verified_at = ?, proven_by = ?, proven = ?, error = NULL
         WHERE file = ? AND remote = ?`,
      )
      .run(state, Math.round(at), provenBy, proven, file, remote);
  }

  /** Less is asked of this remote than before: what it took and proved that much counts as verified from now on. */
  settle(remote: string, needed: Proof, at: number): void {
    const enough = PROOFS.filter((proof) => suffices(proof, needed));
    const settled = this.#db
      .prepare(
        `UPDATE deliveries SET state = 'verified' WHERE remote = ? AND state = 'unproven'
         AND proven IN (${enough.map(() => '?').join(', ')})`,
      )
      .run(remote, ...enough);
    if (settled.changes === 0) return;
    this.#db
      .prepare(
        `UPDATE files SET verified_at = ? WHERE state = 'ready' AND verified_at IS NULL
         AND EXISTS (SELECT 1 FROM deliveries d WHERE d.file = files.id)
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.file = files.id AND d.state <> 'verified')`,
      )
      .run(Math.round(at));
  }

  /** How many files a remote took without proving as much as is asked of it. */
  unprovenCount(remote: string): number {
    const row = this.#db
      .prepare("SELECT count(*) AS count FROM deliveries WHERE remote = ? AND state = 'unproven'")
      .get(remote)!;
    return row.count as number;
  }

  /** The key of what was delivered there last. */
  newestVerified(remote: string): string | undefined {
    const row = this.#db
      .prepare(
        `SELECT f.key FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.remote = ? AND d.state = 'verified' ORDER BY d.file DESC LIMIT 1`,
      )
      .get(remote);
    return row?.key as string | undefined;
  }

  /** Remotes that do not hold a verified copy of a file yet. */
  outstanding(file: number): string[] {
    return this.#db
      .prepare("SELECT remote FROM deliveries WHERE file = ? AND state <> 'verified'")
      .all(file)
      .map((row) => row.remote as string);
  }

  /** Remotes that hold a verified copy of a file. */
  holders(file: number): string[] {
    return this.#db
      .prepare("SELECT remote FROM deliveries WHERE file = ? AND state = 'verified'")
      .all(file)
      .map((row) => row.remote as string);
  }

  /** Nobody gets the file who has no verified copy of it: it is here no more. Where a damaged one lies stays known. */
  end(file: number): void {
    this.#db.prepare("DELETE FROM deliveries WHERE file = ? AND state NOT IN ('verified', 'damaged')").run(file);
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
