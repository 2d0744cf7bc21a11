import type { Clock } from '../clock.js';

/** What waits for the next turn to be read again. */
export interface Reader {
  resume(): void;
}

/**
 * Lets connections be read together, many times a second, instead of each whenever a packet comes: a camera sends some two
 * hundred packets a second, and waking up for each costs more than all that is done with them. Meanwhile they wait in the
 * system's own memory, as they would if this process were not on the processor just then.
 */
export class ReadTurns {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #waiting: Reader[] = [];
  #running = false;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** Resumes the reader at the next turn. */
  wait(reader: Reader): void {
    this.#waiting.push(reader);
    if (!this.#running) void this.#run();
  }

  /** As long as anybody waits: with nobody to read there are no turns. */
  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#clock.sleep(this.#everyMs);
      const turn = this.#waiting;
      this.#waiting = [];
      for (const reader of turn) reader.resume();
      // Whoever read all there was has asked for the next turn by now, but not whoever is still reading.
    }
    this.#running = false;
  }
}
