import type { Clock } from './clock.js';

const EVERY_MS = 1_000;

/**
 * Lets all who look at something every second look at the same moments: waking up costs more than the looks do, and once is
 * enough for all of them.
 */
export class Beat {
  readonly #clock: Clock;
  readonly #looks = new Set<() => void>();
  /** Ends the wait for the next beat, once nobody is left to look. */
  #wait: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks at each beat, the first within a second, whether it is so. Resolves then, or at once when `signal` aborts; rejects with what a look throws. */
  until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#looks.delete(look);
        signal.removeEventListener('abort', leave);
        if (this.#looks.size === 0) this.#wait?.abort();
        resolve();
      };
      const look = () => {
        try {
          if (isSo()) leave();
        } catch (error) {
          reject(error);
          leave();
        }
      };
      signal.addEventListener('abort', leave);
      this.#looks.add(look);
      if (!this.#wait) void this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#looks.size > 0) {
      this.#wait = new AbortController();
      await this.#clock.sleep(EVERY_MS, this.#wait.signal);
      // Whoever came after the last one had left has not waited yet.
      if (this.#wait.signal.aborted) continue;
      for (const look of [...this.#looks]) look();
    }
    this.#wait = undefined;
  }
}
