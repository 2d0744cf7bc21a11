import { Backoff } from '../../lib/backoff.js';
import { Failure, messageOf } from '../../lib/errors.js';
import type { Service } from '../../lib/service.js';
import { isUnset, untilSet } from '../../lib/unset-clock.js';
import type { ClockStep } from '../../lib/watched-clock.js';
import { OFF_REASONS } from '../segment.js';
import { causeOf, codeOf } from './gap-cause.js';
import { MissingTime } from './missing-time.js';
import type { RecorderOptions, RecorderState } from './recorder-options.js';
import { type OnStep, Run } from './run.js';
import { COUNTED_BACK, UNSET, UndatedRuns } from './undated-runs.js';
import { START_MS } from './watchdog.js';

/** A run that lasted this long worked: the next failure starts with a short wait again. */
const PROVEN_MS = 60_000;

/** A stream that begins later than this after it was asked for never does. */
const LONGEST_START_MS = 60_000;

const UNWRITABLE = 'the ledger cannot be written';

/** How often the time is looked at while modes change with it, and how often the ledger is told that it still is off. */
const LOOK_MS = 1_000;
const NOTE_OFF_MS = 60_000;

/** Records one camera for ever: connects, records, reconnects; each interruption becomes a gap with its cause. */
export class Recorder implements Service {
  readonly name: string;
  readonly camera: string;
  readonly state: RecorderState = { recording: false, reason: 'starting' };
  readonly #options: RecorderOptions;
  readonly #backoff = new Backoff(1_000, 10_000);
  readonly #missing: MissingTime;
  /** The one under way. */
  #run: Run | undefined;
  /** By how much the wall clock was set that the ledger does not know of yet, nor the run under way. */
  #untakenMs = 0;
  /** It is known by which clock the ledger's times are. */
  #begun = false;
  /** While the clock is not set: nothing is noted yet, and these wait for their times. */
  #undated: UndatedRuns | undefined;
  /** How long a stream may take to begin: twice as long each time that it did not. */
  #startMs = START_MS;
  /** Runs whose engine has not stopped yet: that of a silent camera closes its file while the next attempt is made. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: RecorderOptions) {
    this.camera = options.camera;
    this.name = `recorder ${options.camera}`;
    this.#options = options;
    this.#missing = new MissingTime(options);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, camera, firstCause, startDelayMs = 0 } = this.#options;
    this.#missing.owed = { cause: firstCause };
    this.#missing.begin();
    const dating = isUnset(clock.now()) ? this.#waitForTime(signal) : undefined;
    if (!dating && !(await this.#begin(signal))) return this.#stopped();
    if (startDelayMs > 0) await clock.sleep(startDelayMs, signal);
    while (!signal.aborted) {
      if (await this.#rest(signal)) continue;
      const startedAt = clock.monotonic();
      const failure = await this.#runUntilOff(signal);
      if (signal.aborted) break;
      if (failure.kind === 'aborted') continue;
      if (clock.monotonic() - startedAt > PROVEN_MS) this.#backoff.reset();
      const waitMs = this.#backoff.next();
      this.#interrupted(failure);
      log.warn({ camera, code: failure.code, hint: failure.hint }, `${failure.message}; retry in ${seconds(waitMs)}`);
      await clock.sleep(waitMs, signal);
    }
    this.#stopped();
    await Promise.all([dating, ...this.#ending]);
    this.#missing.owed = { cause: 'recorder-stopped' };
    this.#noteGap();
    this.#takeUntaken();
  }

  #stopped(): void {
    this.state.recording = false;
    this.state.reason = 'stopped';
  }

  /** Nothing is noted before it is known by which clock. False if that was never to be, because the ledger cannot be written. */
  async #begin(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    while (!this.#missing.noteEarlierStep(clock.now())) {
      this.state.reason = UNWRITABLE;
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return false;
    }
    this.#begun = true;
    this.followClock();
    this.#missing.startedAt = clock.now();
    return true;
  }

  /** To be called every minute: a clock is corrected all the time, and the ledger is to know by which one its times are, should we be killed. */
  followClock(): void {
    if (this.#begun) this.#missing.follow(this.#options.clock.now() - this.#unnotedMs);
  }

  /**
   * The wall clock was set. Between two connections times jump at once. A run's jump where its open file ends, so that no
   * file has two times and no picture is lost to it.
   */
  clockStepped({ at, byMs }: ClockStep): void {
    if (this.#undated) {
      this.#undated.shift(byMs);
      if (!isUnset(at)) this.#date(this.#undated);
      return;
    }
    // A start sees it by itself.
    if (!this.#begun) return;
    if (this.#run) {
      this.#run.clockStepped({ at, byMs });
      return;
    }
    this.#untakenMs += byMs;
    this.#takeUntaken();
  }

  /** A clock that is not set says neither when something is nor what is to be recorded: all is, and what it was is noted afterwards. */
  async #waitForTime(signal: AbortSignal): Promise<void> {
    const { clock, camera, log } = this.#options;
    this.#undated = new UndatedRuns();
    this.state.note = UNSET;
    log.warn({ camera }, UNSET);
    await untilSet(clock, signal);
    if (isUnset(clock.now()) && !signal.aborted)
      log.warn({ camera }, 'nobody sets the clock: times are noted as it shows them');
    // At a stop all is left to the next start, which finds the files.
    while (this.#undated && !signal.aborted) {
      this.#date(this.#undated);
      if (this.#undated) await clock.sleep(LOOK_MS, signal);
    }
  }

  /** Each run that waited, in order: the gap before it, its times, its files. Tried again where the ledger cannot be written. */
  #date(undated: UndatedRuns): void {
    const { camera, clock, log } = this.#options;
    const due = this.#missing.owed;
    const began = undated.begun();
    this.#missing.owed = counted(began[0]?.owed) ?? due;
    const isNoted = this.#missing.noteEarlierStep(clock.now(), began[0]?.beganAt);
    this.#missing.owed = due;
    if (!isNoted) return;
    this.#undated = undefined;
    this.#begun = true;
    this.followClock();
    if (this.state.note === UNSET) this.state.note = undefined;
    for (const { run, owed, beganAt } of began) {
      this.#missing.owed = counted(owed);
      this.#noteGap(beganAt);
      try {
        run.date(this.#missing.era);
      } catch (error) {
        log.error({ camera, error: messageOf(error) }, 'the times of a run could not be noted');
      }
      this.#missing.covered(run);
    }
    undated.dateRest(this.#missing.era);
    // Of the run under way it was noted, if a picture came.
    this.#missing.owed = this.#run && began.at(-1)?.run === this.#run ? undefined : due;
    this.#noteGap();
  }

  /** Ends the connection under way, if any; the next attempt finds out for itself whether the reason still holds. */
  interrupt(failure: Failure): void {
    this.#run?.interrupt(failure);
  }

  /** While nothing is to be recorded, the camera is left alone. False if it is to be recorded. */
  async #rest(signal: AbortSignal): Promise<boolean> {
    const { clock, plan } = this.#options;
    if (this.#undated || !plan?.rests(clock.now())) return false;
    this.#backoff.reset();
    const reason = OFF_REASONS[plan.reasonAt(clock.now())];
    const offUntil = plan.offEnd(clock.now());
    Object.assign(this.state, { recording: false, off: true, offUntil, reason, idle: undefined, note: undefined });
    await Promise.all(this.#ending);
    this.#missing.owed ??= { cause: 'starting' };
    this.#takeUntaken();
    let notedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted && plan.rests(clock.now())) {
      if (clock.monotonic() - notedAt >= NOTE_OFF_MS && this.#takeUntaken() && this.#noteGap())
        notedAt = clock.monotonic();
      await clock.sleep(LOOK_MS, signal);
    }
    this.#noteGap();
    Object.assign(this.state, { off: undefined, offUntil: undefined, reason: 'starting' });
    return true;
  }

  /** As {@link #runOnce}; also ended, as if stopped, once nothing is to be recorded any more. */
  async #runUntilOff(signal: AbortSignal): Promise<Failure> {
    const { clock, plan } = this.#options;
    if (!plan || plan.isConstant) return await this.#runOnce(signal);
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const watching = (async () => {
      while (!either.aborted && (this.#undated || !plan.rests(clock.now()))) await clock.sleep(LOOK_MS, either);
      over.abort();
    })();
    const failure = await this.#runOnce(either);
    over.abort();
    await watching;
    return failure;
  }

  /** One connection, from start to end. Returns why it ended; a stop by `signal` is not a failure but is returned too. */
  async #runOnce(signal: AbortSignal): Promise<Failure> {
    // Whoever cannot note that footage is missing cannot note footage either: the next attempt may.
    if (!this.#takeUntaken() || !this.#noteGap())
      return new Failure(UNWRITABLE, { kind: 'transient', code: 'disk-full' });
    const onStep: OnStep = (before, after, also) => this.#missing.noteStep(before, after, also);
    const run = new Run(this.#options, this.state, this.#missing.era, onStep, !this.#undated);
    this.#run = run;
    this.#undated?.add(run, this.#missing.owed);
    try {
      await run.record(signal, this.#startMs);
      return new Failure('stopped', { kind: 'aborted', code: 'stopped' });
    } catch (error) {
      if (error instanceof Failure) return error;
      const code = codeOf(error);
      const message = code === 'disk-full' ? 'the disk is full' : messageOf(error);
      return new Failure(message, { kind: 'transient', code, cause: error });
    } finally {
      run.endPresence();
      this.#startMs = run.hasBegun ? START_MS : Math.min(2 * this.#startMs, LONGEST_START_MS);
      this.#missing.covered(run);
      this.#run = undefined;
      this.#untakenMs += run.leave();
      // Until it is known why, and should the clock be set before.
      this.#missing.owed ??= { cause: 'starting' };
      const ending = run.end().finally(() => {
        this.#missing.covered(run);
        this.#ending.delete(ending);
      });
      this.#ending.add(ending);
    }
  }

  #interrupted(failure: Failure): void {
    this.state.recording = false;
    this.state.reason = failure.hint ? `${failure.message}. ${failure.hint}` : failure.message;
    this.#missing.owed = { cause: causeOf(failure), detail: failure.message };
    this.#noteGap();
    this.#takeUntaken();
  }

  /** That the clock was set is noted, once all that was before it is; false if it could not be: tried again. */
  #takeUntaken(): boolean {
    const now = this.#options.clock.now();
    if (this.#untakenMs === 0) return true;
    if (!this.#noteGap(now - this.#untakenMs)) return false;
    if (this.#missing.noteStep(now - this.#untakenMs, now) === undefined) return false;
    this.#untakenMs = 0;
    return true;
  }

  /** How far the clock is from the one that the ledger's times are of. */
  get #unnotedMs(): number {
    return this.#untakenMs + (this.#run?.stepMs ?? 0);
  }

  /** False if it could not be noted; undated, nothing is. */
  #noteGap(now = this.#options.clock.now() - this.#unnotedMs): boolean {
    return this.#undated !== undefined || this.#missing.note(now);
  }
}

function counted(owed: MissingTime['owed']): MissingTime['owed'] {
  return owed && { ...owed, detail: [owed.detail, COUNTED_BACK].filter(Boolean).join('; ') };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
