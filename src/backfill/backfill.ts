import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type PQueue from 'p-queue';
import { backoffMs } from '../../lib/backoff.js';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { BackfillOutcome, BackfillRow } from '../ledger/backfills.js';
import { type GapRow, whole } from '../ledger/gaps.js';
import type { Ledger } from '../ledger/ledger.js';
import type { GapCause } from '../segment.js';
import { type EdgeRecordings, fillGap, type Replaying, type SegmentSink } from './fill-gap.js';
import type { Neighbour } from './neighbours.js';

export interface BackfillOptions {
  camera: string;
  /** The camera's own recordings. */
  edge: EdgeRecordings;
  replayer: Replaying;
  sink: SegmentSink;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  /** A folder of this camera's alone, for what is under way. */
  work: string;
  segmentMs: number;
  /** Where a file of the spool lies now; undefined once it is gone. */
  find(file: { name: string; start: number }): Neighbour | undefined;
  /** Rejects while nothing may be written. */
  mayWrite(): Promise<void>;
  /** Shared by all cameras: so that they are not all fetched from at once after the network was down. */
  turns: PQueue;
}

const LOOK_MS = 3_000;

/** Older gaps are left alone: few cards reach back further, and each start would ask again for what nobody had. */
const REACH_MS = 7 * 86_400_000;

/** A shorter gap has no room for a group of pictures. */
const LEAST_MS = 2_000;

const RETRY_MIN_MS = 15_000;
const RETRY_MAX_MS = 3_600_000;
const MOST_ATTEMPTS = 20;

/** Lost on purpose. */
const MEANT = new Set<GapCause>(['erased', 'dropped']);

/**
 * Fills gaps that are over with what the camera recorded itself meanwhile: one at a time, the newest first, and never anything but the gap. What
 * was filled is footage like all other, and the gap shrinks by just that (invariant I4); what was not stays a gap with its cause.
 */
export class Backfill implements Service {
  readonly name: string;
  readonly #options: BackfillOptions;

  constructor(options: BackfillOptions) {
    this.name = `backfill ${options.camera}`;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, turns, log, camera } = this.#options;
    while (!signal.aborted) {
      try {
        const gap = this.#next();
        if (gap) await turns.add(() => this.#attempt(gap, signal));
      } catch (error) {
        // A ledger that cannot be written for now: the gap is still there.
        if (!signal.aborted) log.error({ camera, error: messageOf(error) }, 'backfill failed; tried again');
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** The newest gap that may be filled and was not asked for, or is due again. */
  #next(): GapRow | undefined {
    const { camera, ledger, clock } = this.#options;
    const now = clock.now();
    // While one lasts, nobody is there to be asked, and those before it may be pieces of it.
    if (ledger.gaps.current(camera)) return undefined;
    return whole(ledger.gaps.between(camera, now - REACH_MS, now))
      .filter((gap) => this.#isFillable(gap, now))
      .at(-1);
  }

  #isFillable({ start, end, cause }: GapRow, now: number): boolean {
    const { camera, ledger } = this.#options;
    if (end === undefined || end - start < LEAST_MS || MEANT.has(cause) || !this.#isSettled(end, now)) return false;
    const before = ledger.backfills.of(camera, start, end);
    return !before || (before.state === 'waiting' && before.nextAt <= now);
  }

  /** What follows the gap is a whole file, whose first picture tells where the gap ends; or none is to come. */
  #isSettled(end: number, now: number): boolean {
    return this.#fileAt(end) !== undefined || now - end > 2 * this.#options.segmentMs + 60_000;
  }

  #fileAt(end: number) {
    const { camera, ledger } = this.#options;
    return ledger.files
      .between(camera, end - 1, end + 1)
      .find(({ kind, start }) => kind !== 'snapshot' && Math.abs(start - end) <= 1);
  }

  #fileBefore(start: number) {
    const { camera, ledger } = this.#options;
    return ledger.files
      .between(camera, start - 1, start + 1)
      .find(({ kind, end }) => kind !== 'snapshot' && Math.abs(end - start) <= 1);
  }

  async #attempt(row: GapRow, signal: AbortSignal): Promise<void> {
    const { camera, ledger, log, work } = this.#options;
    if (signal.aborted) return;
    const gap = { camera, start: row.start, end: row.end!, era: row.era };
    const clockShiftMs = ledger.clockSteps.shiftSince(camera, row.era);
    const before = ledger.backfills.of(camera, gap.start, gap.end);
    const missingMs = this.#missingMs(gap);
    let outcome: BackfillOutcome;
    try {
      await this.#options.mayWrite();
      // What an attempt left that was cut off is fetched again.
      await rm(work, { recursive: true, force: true });
      const directory = join(work, String(gap.start));
      await mkdir(directory, { recursive: true });
      const [from, to] = [this.#fileBefore(gap.start), this.#fileAt(gap.end)].map(
        (file) => file && this.#options.find(file),
      );
      const whole = await fillGap({ ...this.#options, directory, gap, clockShiftMs, from, to }, signal);
      outcome = this.#after(before, whole ? undefined : brokeOff(), missingMs - this.#missingMs(gap));
    } catch (error) {
      if (signal.aborted) return;
      outcome = this.#after(before, error, missingMs - this.#missingMs(gap));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    ledger.backfills.note(gap, before, outcome);
    const filledSeconds = (missingMs - this.#missingMs(gap)) / 1_000;
    const told = { camera, from: iso(gap.start), to: iso(gap.end), filledSeconds, detail: outcome.detail };
    if (filledSeconds > 0) log.info(told, "a gap was filled from the camera's own recordings");
    else log.warn(told, "a gap could not be filled from the camera's own recordings");
  }

  /** What an attempt means for the next one. */
  #after(before: BackfillRow | undefined, error: unknown, filledMs: number): BackfillOutcome {
    const now = this.#options.clock.now();
    if (error === undefined) return { state: 'done', attempts: 0, nextAt: 0, detail: undefined };
    const detail = error instanceof Failure && error.hint ? `${error.message}. ${error.hint}` : messageOf(error);
    const code = error instanceof Failure ? error.code : '';
    // An attempt that brought something is none of a series of failures.
    const attempts = filledMs > 0 ? 0 : (before?.attempts ?? 0) + 1;
    if (code === 'no-recordings') return { state: 'nothing', attempts, nextAt: 0, detail };
    const isHopeless = code === 'service-missing' || code === 'replay-untimed' || attempts >= MOST_ATTEMPTS;
    if (isHopeless) return { state: 'impossible', attempts, nextAt: 0, detail };
    return { state: 'waiting', attempts, nextAt: now + backoffMs(attempts, RETRY_MIN_MS, RETRY_MAX_MS), detail };
  }

  #missingMs({ start, end }: { start: number; end: number }): number {
    const { camera, ledger } = this.#options;
    const gaps = ledger.gaps.between(camera, start, end);
    return gaps.reduce((sum, gap) => sum + Math.min(gap.end ?? end, end) - Math.max(gap.start, start), 0);
  }
}

function brokeOff(): Failure {
  return new Failure('the camera broke off', { kind: 'transient', code: 'stream-ended' });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
