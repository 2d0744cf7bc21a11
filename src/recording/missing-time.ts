import { messageOf } from '../../lib/errors.js';
import type { GapCause } from '../segment.js';
import type { RecordingPlan } from './plan.js';
import type { RecorderOptions } from './recorder-options.js';
import type { Run } from './run.js';

/** Footage may end this much after the clock's time: how long the last picture lasts is an estimate. */
const AHEAD_MS = 2_000;

/** While there was no recorder. */
const ABSENT = new Set<GapCause>(['recorder-stopped', 'recorder-crashed']);

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
  #toldUnnoted = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
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

  /** The clock went back while nobody recorded: what is known already is of a time that is still to come. */
  noteEarlierStep(now: number): void {
    const { camera, ledger } = this.#options;
    const known = ledger.coveredUntil(camera) ?? 0;
    if (known > now + AHEAD_MS) this.noteStep(known, now);
  }

  /** `before` by the clock as it was is `after` by the clock as it is. A gap that lasts is one of each. Returns the new era. */
  noteStep(before: number, after: number): number {
    const { camera, ledger, log } = this.#options;
    this.#coveredUntil = undefined;
    this.startedAt = undefined;
    try {
      ledger.transaction(() => {
        const [gap, off] = [ledger.gaps.current(camera), ledger.offs.current(camera)];
        if (gap) ledger.gaps.close(camera, before);
        if (off) ledger.offs.close(camera, before);
        ledger.clockSteps.add(camera, before, after);
        if (gap) ledger.gaps.open(camera, after, gap.cause, gap.detail);
        if (off) ledger.offs.open(camera, after, off.reason);
      });
      this.era = ledger.clockSteps.era(camera);
    } catch (error) {
      log.error({ camera, error: messageOf(error) }, 'that the clock was set could not be noted');
    }
    return this.era;
  }

  /**
   * Opens the gap that is due, from where footage ends: what was closed, even if it is still being sealed, or else what
   * the ledger knows. While nothing is to be recorded, that is noted instead, and the gap stays due. So it does on a full disk;
   * false then.
   */
  note(now: number): boolean {
    const { camera, ledger, log, plan } = this.#options;
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
      // Tried at each attempt; once is enough to say so.
      if (!this.#toldUnnoted) log.error({ camera, error: messageOf(error) }, 'a gap could not be noted; tried again');
      this.#toldUnnoted = true;
      return false;
    }
  }

  /** While no recorder ran, nobody knows what else was missing: that time is a gap of its own, before and after those of one that runs. */
  #endOther(cause: GapCause, now: number): void {
    const { camera, ledger } = this.#options;
    const open = ledger.gaps.current(camera);
    if (!open || open.cause === cause) return;
    if (cause === 'recorder-stopped') ledger.gaps.close(camera, now);
    else if (
      ABSENT.has(open.cause) &&
      !ABSENT.has(cause) &&
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
    const covered = this.#coveredUntil ?? 0;
    const known = Math.max(covered > now + AHEAD_MS ? 0 : covered, ledger.coveredUntil(camera, now + AHEAD_MS) ?? 0);
    return known || undefined;
  }
}
