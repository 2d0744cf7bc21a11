import type { Clock } from '../../lib/clock.js';

/** How fast an estimate may be outrun by a camera whose clock is slow. */
const FORGET = 0.001;

/** Late by more than this for all of a window, pictures are not held up on their way: their clock stood still. */
const STEP_MS = 2_000;
const WINDOW_MS = 30_000;

/** Tells when pictures were made, by the wall clock. */
export interface MadeAt {
  /** What the wall clock is ahead of the monotonic one: it changes when somebody sets it. */
  readonly setting: number;
  /** The wall time a media time belongs to, of media that has come. */
  at(mediaMs: number): number;
}

/**
 * When pictures were made, by the wall clock: they are read some time after they came, and several at once. The one that came
 * soonest after its time tells when all of them were due. That is measured by the monotonic clock, so that a jam, however
 * long, is told from a wall clock that is set.
 */
export class ArrivalClock implements MadeAt {
  readonly #clock: Clock;
  #offset: number | undefined;
  #seenMs = 0;
  #windowStart = 0;
  #windowMin = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get setting(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }

  /** When media that was noted is due, by the monotonic clock. */
  dueAt(mediaMs: number): number {
    return this.#offset! + mediaMs;
  }

  /** Notes that media up to `mediaMs` has come by now, or by `at`; returns the wall time that media time belongs to. */
  arrived(mediaMs: number, at = this.#clock.monotonic()): number {
    const observed = at - mediaMs;
    const known = this.#offset === undefined ? observed : this.#offset + (mediaMs - this.#seenMs) * FORGET;
    this.#offset = Math.min(known, observed);
    this.#seenMs = mediaMs;
    this.#windowMin = Math.min(this.#windowMin, observed);
    if (mediaMs - this.#windowStart >= WINDOW_MS) this.#endWindow(mediaMs);
    return this.#offset + mediaMs + this.setting;
  }

  /** The wall time a media time belongs to, by what is known; of media that has come. */
  at(mediaMs: number): number {
    return (this.#offset ?? 0) + mediaMs + this.setting;
  }

  #endWindow(mediaMs: number): void {
    if (this.#windowMin > this.#offset! + STEP_MS) this.#offset = this.#windowMin;
    this.#windowStart = mediaMs;
    this.#windowMin = Number.POSITIVE_INFINITY;
  }
}
