import { messageOf } from '../../lib/errors.js';
import { WITHOUT_RECORDER } from '../ledger/gaps.js';
import { NotedClock } from '../ledger/noted-clock.js';
import type { GapCause } from '../segment.js';
import type { RecordingPlan } from './plan.js';
import type { RecorderOptions } from './recorder-options.js';
import type { Run } from './run.js';

/** Footage may end this much after the clock's time: how long the last picture lasts is an estimate. */
const AHEAD_MS = 2_000;

/** What of a camera's time is missing, or off, told to the ledger so that each second is accounted for. */
export class MissingTime {
  /** A gap that is still to be noted. */
  owed: { cause: GapCause; detail?: string } | undefined;
  /** When the recorder started, by the clock as it is; undefined once it was set. */
  startedAt: number | undefined;
  /** Which clock times are noted by; see `ClockSteps.era`. */
  era = 0;
  readonly #options: RecorderOptions;
  #coveredUntil: number | undefined;
  /** As `RecorderOptions.newestFilm`. */
  #newestFilm: number | undefined;
  #toldUnnoted = false;
  readonly #clock: NotedClock;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#newestFilm = options.newestFilm;
    this.#clock = new NotedClock(options.ledger, options.machine, options.camera);
  }

  /** Takes up the era that the ledger is at. */
  begin(): void {
    const { camera, ledger } = this.#options;
    this.era = ledger.clockSteps.era(camera);
  }

  /** What a run closes after the clock was set, by the clock as it was, says nothing of the present. */
  covered({ coveredUntil, era }: Pick<Run, 'coveredUntil' | 'era'>): void {
    if (coveredUntil !== undefined && era === this.era)
      this.#coveredUntil = Math.max(coveredUntil, this.#coveredUntil ?? 0);
  }

  /**
   * The clock was set while nobody recorded, or before whoever did could note it: so it was `at` the moment we began, by the clock as it
   * is, which shows `now`. Where nobody knows by how much, it only shows in what is known already, if that is of a time still to come.
   * False if it could not be noted.
   */
  noteEarlierStep(now: number, at = now): boolean {
    const { camera, ledger } = this.#options;
    const known = Math.max(ledger.coveredUntil(camera) ?? 0, ledger.gaps.seenUntil(camera) ?? 0);
    const before = at - this.#clock.missedMs(now);
    // Of an uptime that began anew with a container, all that is known would be of a time still to come.
    if (before !== at && known <= before + AHEAD_MS)
      return this.note(before) && this.noteStep(before, at) !== undefined;
    return known <= at + AHEAD_MS || this.noteStep(known, at) !== undefined;
  }

  /**
   * `before` by the clock as it was is `after` by the clock as it is. A gap that lasts is one of each. Returns the new era, which
   * `also` is told of in the same transaction; undefined if it could not be noted.
   */
  noteStep(before: number, after: number, also?: (era: number) => void): number | undefined {
    const { camera, ledger } = this.#options;
    try {
      this.era = ledger.transaction(() => {
        const [gap, off] = [ledger.gaps.current(camera), ledger.offs.current(camera)];
        if (gap) ledger.gaps.close(camera, before);
        if (off) ledger.offs.close(camera, before);
        ledger.clockSteps.add(camera, before, after);
        if (gap) ledger.gaps.open(camera, after, gap.cause, gap.detail);
        if (off) ledger.offs.open(camera, after, off.reason);
        this.#clock.step(after - before);
        const era = ledger.clockSteps.era(camera);
        also?.(era);
        return era;
      });
    } catch (error) {
      this.#tellUnnoted('that the clock was set could not be noted; tried again', error);
      return undefined;
    }
    this.#coveredUntil = undefined;
    this.#newestFilm = undefined;
    this.startedAt = undefined;
    return this.era;
  }

  /** The clock that the ledger's times are of shows `now`; see `NotedClock`. */
  follow(now: number): void {
    try {
      this.#clock.follow(now);
    } catch (error) {
      const { camera, log } = this.#options;
      log.warn({ camera, error: messageOf(error) }, 'what clock its times are of could not be noted; tried again');
    }
  }

  /**
   * Opens the gap that is due, from where footage ends: what was closed, even if it is still being sealed, or else what
   * the ledger knows. While nothing is to be recorded, that is noted instead, and the gap stays due. So it does on a full disk;
   * false then.
   */
  note(now: number): boolean {
    const { camera, ledger, plan } = this.#options;
    if (!this.owed) return true;
    try {
      if (plan?.modeAt(now) === 'off') ledger.transaction(() => this.#noteOff(plan, now));
      else {
        const { cause, detail } = this.owed;
        ledger.transaction(() => {
          this.#endOther(cause, now);
          const known = this.#knownUntil(now) ?? now;
          const since = plan && ledger.offs.current(camera) ? plan.offUntil(known, now) : known;
          ledger.offs.close(camera, since);
          ledger.gaps.open(camera, since, cause, detail);
          ledger.gaps.extend(camera, now);
        });
        this.owed = undefined;
      }
      this.#toldUnnoted = false;
      return true;
    } catch (error) {
      this.#tellUnnoted('a gap could not be noted; tried again', error);
      return false;
    }
  }

  /** Tried at each attempt; once is enough to say so. */
  #tellUnnoted(what: string, error: unknown): void {
    const { camera, log } = this.#options;
    if (!this.#toldUnnoted) log.error({ camera, error: messageOf(error) }, what);
    this.#toldUnnoted = true;
  }

  /** While no recorder ran, nobody knows what else was missing: that time is a gap of its own, before and after those of one that runs. */
  #endOther(cause: GapCause, now: number): void {
    const { camera, ledger } = this.#options;
    const open = ledger.gaps.current(camera);
    if (!open || open.cause === cause) return;
    if (cause === 'recorder-stopped') ledger.gaps.close(camera, now);
    else if (
      WITHOUT_RECORDER.has(open.cause) &&
      !WITHOUT_RECORDER.has(cause) &&
      this.startedAt !== undefined &&
      this.startedAt > open.start
    )
      ledger.gaps.close(camera, this.startedAt);
  }

  /** Off until `now`. Time of which nobody can say that it was to be off is a gap. */
  #noteOff(plan: RecordingPlan, now: number): void {
    const { camera, ledger } = this.#options;
    ledger.gaps.close(camera, now);
    if (!ledger.offs.current(camera)) {
      const known = this.#knownUntil(now) ?? now;
      const isOff = plan.isOffThroughout(known, now);
      if (!isOff) ledger.gaps.add(camera, known, now, this.owed!.cause, this.owed!.detail);
      ledger.offs.open(camera, isOff ? Math.min(known, now) : now, plan.reasonAt(now));
    }
    ledger.offs.extend(camera, now);
  }

  /** Until when it is known what became of this camera's time. */
  #knownUntil(now: number): number | undefined {
    const { camera, ledger } = this.#options;
    const covered = [this.#coveredUntil, this.#newestFilm].map((end = 0) => (end > now + AHEAD_MS ? 0 : end));
    return Math.max(...covered, ledger.coveredUntil(camera, now + AHEAD_MS) ?? 0) || undefined;
  }
}
