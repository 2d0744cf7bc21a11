import type { Clock } from '../clock.js';
import type { Attempt } from './attempt.js';
import { stalledFailure } from './failures.js';

/** Fails an attempt as `stalled` when one step of it takes longer than `stallMs`. For remotes that do one thing at a time. */
export class StallWatch {
  readonly #attempt: Attempt;
  readonly #name: string;
  readonly #stallMs: number;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #since: number | undefined;
  #patience = 1;
  #watching = false;

  constructor(attempt: Attempt, name: string, stallMs: number, clock: Clock) {
    this.#attempt = attempt;
    this.#name = name;
    this.#stallMs = stallMs;
    this.#clock = clock;
  }

  /**
   * Settles as `step` does, or rejects when the attempt fails first; what then still arrives goes to `discard`.
   * Steps follow each other; they do not overlap. `patience` multiplies `stallMs` for one whose progress cannot be seen.
   */
  async during<T>(
    step: Promise<T>,
    discard: (late: T) => Promise<void> = async () => undefined,
    patience = 1,
  ): Promise<T> {
    this.#since = this.#clock.monotonic();
    this.#patience = patience;
    if (!this.#watching) void this.#watch();
    try {
      return await this.#attempt.acquire(step, discard);
    } finally {
      this.#since = undefined;
    }
  }

  end(): void {
    this.#ended.abort();
  }

  /** One timer for all steps: a timer for each would cost more than the writes. */
  async #watch(): Promise<void> {
    this.#watching = true;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const now = this.#clock.monotonic();
      const allowedMs = this.#stallMs * this.#patience;
      const left = (this.#since ?? now) + allowedMs - now;
      if (left <= 0) return this.#attempt.fail(stalledFailure(this.#name, allowedMs));
      await this.#clock.sleep(Math.ceil(left), signal);
    }
  }
}
