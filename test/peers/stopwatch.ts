const TICK_MS = 20;

/**
 * Measures what something took, less what the machine made it wait: a ticker beside it notes how late it is woken. On a
 * machine that does nothing else that is the time by the clock; on a busy one, a promise to be done "within a second" is
 * still judged by what its own waiting adds up to. Only for promises about waiting: work that hogs this thread goes unseen.
 */
export class Stopwatch {
  readonly #startedAt = performance.now();
  readonly #ticker: NodeJS.Timeout;
  #tickedAt = this.#startedAt;
  #lateMs = 0;

  constructor() {
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Milliseconds since it was made, and the end of its measuring. */
  stop(): number {
    this.#tick();
    clearInterval(this.#ticker);
    return this.#tickedAt - this.#startedAt - this.#lateMs;
  }

  #tick(): void {
    const now = performance.now();
    this.#lateMs += Math.max(0, now - this.#tickedAt - TICK_MS);
    this.#tickedAt = now;
  }
}
