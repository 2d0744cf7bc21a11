/** A camera's clock may run this much faster or slower than ours; more is a broken clock and is not followed. */
const MAX_DRIFT = 500e-6;

/** How long the arrivals at the start of a run are watched before its wall time is fixed. */
const SETTLE_MS = 3_000;

/** Drift is judged over windows of this length. */
const WINDOW_MS = 60_000;

/**
 * Turns a run's media time into wall time. Wall time is read once, at the start; from then on only the monotonic clock
 * counts, so neither NTP steps nor DST can move, double or reorder anything within a run.
 *
 * Packets come late, never early: the earliest arrival seen, relative to its media time, is the best estimate of when
 * media time 0 was. Afterwards the estimate follows the camera's drift by at most 500 ppm (Moonfire's rule).
 */
export class RunClock {
  #wallAtStart: number;
  readonly #monotonicAtStart: number;
  /** Monotonic time of media time 0, at media time `#since`. */
  #origin: number | undefined;
  #since = 0;
  #settled = false;
  #windowStart = 0;
  #windowMin = Number.POSITIVE_INFINITY;
  #firstArrival: number | undefined;

  constructor(wall: number, monotonic: number) {
    this.#wallAtStart = wall;
    this.#monotonicAtStart = monotonic;
  }

  /** Notes that media up to `mediaMs` had arrived at `monotonic`. Returns true once, when the start is fixed. */
  arrived(mediaMs: number, monotonic: number): boolean {
    const origin = monotonic - mediaMs;
    if (!this.#settled) {
      this.#firstArrival ??= monotonic;
      this.#origin = Math.min(this.#origin ?? origin, origin);
      if (monotonic - this.#firstArrival < SETTLE_MS) return false;
      this.settle(mediaMs);
      return true;
    }
    this.#windowMin = Math.min(this.#windowMin, origin);
    if (mediaMs - this.#windowStart >= WINDOW_MS) this.#follow(mediaMs);
    return false;
  }

  /** Fixes the start with what is known so far: the run ends before it settled by itself. */
  settle(mediaMs: number): void {
    this.#settled = true;
    this.#since = this.#windowStart = mediaMs;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** The wall clock was set, and what follows is dated by it. */
  step(byMs: number): void {
    this.#wallAtStart += byMs;
  }

  /** Wall time of a media time, UTC ms; undefined while nothing has arrived. */
  wallAt(mediaMs: number): number | undefined {
    if (this.#origin === undefined) return undefined;
    return this.#wallAtStart + (this.#origin - this.#monotonicAtStart) + mediaMs;
  }

  #follow(mediaMs: number): void {
    const bound = (mediaMs - this.#since) * MAX_DRIFT;
    const drift = this.#windowMin - this.#origin!;
    this.#origin! += Math.max(-bound, Math.min(bound, drift));
    this.#since = this.#windowStart = mediaMs;
    this.#windowMin = Number.POSITIVE_INFINITY;
  }
}
