import { Alerts } from './alerts.js';
import { Arrivals } from './arrivals.js';
import { Backfills } from './backfills.js';
import { Chains } from './chains.js';
import { ClockSteps } from './clock-steps.js';
import { Damages } from './damages.js';
import { type Connection, isDiskFull, makingRoom, openDatabase } from './database.js';
import { Deliveries } from './deliveries.js';
import { Doubts } from './doubts.js';
import { Files } from './files.js';
import { Gaps } from './gaps.js';
import { Motion } from './motion.js';
import { Offs } from './offs.js';
import { Owed } from './owed.js';
import { Runs } from './runs.js';
import { Tallies } from './tallies.js';

/**
 * What exists, and where it stands. Written by one process (see src/spool/lock.ts), read by any.
 * The ledger is a memory, not the truth: the spool and the archive are, and it is repaired from them.
 */
export class Ledger {
  readonly files: Files;
  readonly deliveries: Deliveries;
  readonly doubts: Doubts;
  readonly damages: Damages;
  readonly owed: Owed;
  readonly gaps: Gaps;
  readonly offs: Offs;
  readonly motion: Motion;
  readonly runs: Runs;
  readonly chains: Chains;
  readonly clockSteps: ClockSteps;
  readonly arrivals: Arrivals;
  readonly backfills: Backfills;
  readonly alerts: Alerts;
  readonly tallies: Tallies;
  /** Told of each copy a remote was proven to have. */
  onDelivered: ((file: number, remote: string) => void) | undefined;
  /** Told of each upload that failed, and is tried again. */
  onUploadFailed: ((remote: string) => void) | undefined;
  /** Asked for room on a full disk; false where there is none to be had. */
  makeRoom: (() => boolean) | undefined;
  readonly #db: Connection;
  #inTransaction = false;

  constructor(path: string) {
    // Within a transaction all of it has to be done again, not the statement alone.
    this.#db = makingRoom(openDatabase(path), () => !this.#inTransaction && (this.makeRoom?.() ?? false));
    this.files = new Files(this.#db);
    this.deliveries = new Deliveries(this.#db);
    this.doubts = new Doubts(this.#db);
    this.damages = new Damages(this.#db);
    this.owed = new Owed(this.#db);
    this.clockSteps = new ClockSteps(this.#db);
    this.gaps = new Gaps(this.#db, this.clockSteps);
    this.offs = new Offs(this.#db, this.clockSteps);
    this.motion = new Motion(this.#db);
    this.runs = new Runs(this.#db);
    this.chains = new Chains(this.#db, this.motion);
    this.arrivals = new Arrivals(this.#db);
    this.backfills = new Backfills(this.#db);
    this.alerts = new Alerts(this.#db);
    this.tallies = new Tallies(this.#db);
    const tell = (file: number, remote: string) => this.onDelivered?.(file, remote);
    this.deliveries.onVerified = tell;
    this.doubts.onProven = tell;
    this.deliveries.onPostponed = (remote) => this.onUploadFailed?.(remote);
  }

  /** Everything inside happens, durably, or nothing does. Within another it is part of that. */
  transaction<Result>(work: () => Result): Result {
    if (this.#inTransaction) return work();
    try {
      return this.#transactOnce(work);
    } catch (error) {
      if (!isDiskFull(error) || !this.makeRoom?.()) throw error;
      return this.#transactOnce(work);
    }
  }

  #transactOnce<Result>(work: () => Result): Result {
    this.#db.exec('BEGIN IMMEDIATE');
    this.#inTransaction = true;
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#inTransaction = false;
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
   * Until when a camera is accounted for: the end of its last segment, gap or time off. Undefined if nothing is known of
   * it. An open gap counts until its start. What was noted by a clock that was set since says nothing, and neither does what
   * ends after `now`.
   */
  coveredUntil(camera: string, now = Number.MAX_SAFE_INTEGER): number | undefined {
    const { after: step, id: era } = this.clockSteps.last(camera) ?? { after: undefined, id: 0 };
    const ends = [
      this.files.lastEnd(camera, era, now),
      this.gaps.lastEnd(camera, era, now),
      this.offs.lastEnd(camera, era, now),
      step !== undefined && step <= now ? step : undefined,
    ].filter((end) => end !== undefined);
    return ends.length > 0 ? Math.max(...ends) : undefined;
  }

  /** What lasted when a recorder was killed is over, as far as it is known. Returns the cameras that were not stopped in order. */
  endAbandoned(at: number): ReadonlySet<string> {
    const cameras = [...this.runs.endAbandoned(at), ...this.offs.closeAbandoned(), ...this.gaps.endAbandoned()];
    this.motion.endAbandoned();
    return new Set(cameras);
  }

  /**
   * The wall clock was set: what is counted from a moment of the old one goes on as if nothing had happened. What was verified later
   * than `verifiedBefore` was by another clock.
   */
  shiftWaits(byMs: number, verifiedBefore?: number): void {
    this.transaction(() => {
      this.deliveries.shiftWaits(byMs);
      this.doubts.shiftWaits(byMs);
      this.files.shiftVerified(byMs, verifiedBefore);
    });
  }

  /** Cameras of which anything is known, by name. */
  cameras(): string[] {
    return this.#db
      .prepare('SELECT camera FROM files UNION SELECT camera FROM gaps UNION SELECT camera FROM offs ORDER BY camera')
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
