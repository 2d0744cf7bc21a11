import type { Clock } from '../clock.js';

/** Between two requests of one jump: the table of contents, and then the pictures. */
const LINGER_MS = 150;
/** Nobody is kept waiting longer. */
const PATIENCE_MS = 2_000;

/** Who waits for a picture goes before who would merely like one. */
export class RightOfWay {
  readonly #clock: Clock;
  #taken = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Until the function it returns is called, others wait. Calling that twice is calling it once. */
  take(): () => void {
    let isHeld = true;
    this.#taken++;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#taken--;
      this.#lastAt = this.#clock.monotonic();
    };
  }

  /** Resolves when nobody has had the right of way for a moment. */
  async free(): Promise<void> {
    const since = this.#clock.monotonic();
    for (;;) {
      const now = this.#clock.monotonic();
      const wait = this.#taken > 0 ? LINGER_MS : this.#lastAt + LINGER_MS - now;
      if (wait <= 0 || now - since >= PATIENCE_MS) return;
      await this.#clock.sleep(wait);
    }
  }
}
