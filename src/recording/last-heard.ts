import type { Clock } from '../../lib/clock.js';
import { ArrivalClock } from './arrival-clock.js';

/**
 * When a camera was last heard, by what a process beside us tells of its media. It tells late, never early, and on a machine that is busy very
 * late: so each report is held against all others, and the one that came soonest after its media says when the rest was due.
 */
export class LastHeard {
  readonly #clock: Clock;
  readonly #arrivals: ArrivalClock;
  readonly #begunAt: number;
  #mediaMs = 0;
  #known = false;
  #closed: { mediaMs: number; at: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#arrivals = new ArrivalClock(clock);
    this.#begunAt = clock.monotonic();
  }

  /** Media up to `mediaMs` has come by now. */
  reported(mediaMs: number): void {
    this.#settle();
    this.#arrived(mediaMs, this.#clock.monotonic());
  }

  /** A file ended at `mediaMs`: because media went on, as of now; or because all is over, which may have been long ago. */
  closed(mediaMs: number): void {
    this.#settle();
    this.#closed = { mediaMs, at: this.#clock.monotonic() };
    this.ended(mediaMs);
  }

  /** Media up to `mediaMs` has come, some time ago: told at the end. */
  ended(mediaMs: number): void {
    this.#mediaMs = Math.max(this.#mediaMs, mediaMs);
  }

  /** How long nothing has come, at least as far as is known. Without a report but those at the end, all came at once. */
  get quietMs(): number {
    const heardAt = this.#known ? this.#arrivals.dueAt(this.#mediaMs) : this.#begunAt + this.#mediaMs;
    return this.#clock.monotonic() - heardAt;
  }

  /** Something came after a file was closed: so it was closed because media went on. */
  #settle(): void {
    const closed = this.#closed;
    this.#closed = undefined;
    if (closed) this.#arrived(closed.mediaMs, closed.at);
  }

  #arrived(mediaMs: number, at: number): void {
    this.#known = true;
    this.ended(mediaMs);
    this.#arrivals.arrived(mediaMs, at);
  }
}
