/** A step of the camera's clock larger than this is looked at twice. */
const STEP_S = 3;

/** So many units with one timestamp: the camera has no clock, and arrival is all there is. */
const MAX_ALIKE = 8;

/**
 * Counts the ticks of one RTP clock without end: across the 32 bits, and across steps of a camera's clock that no time passed
 * for. Going back a little is allowed: pictures are decoded in another order than shown.
 */
export class Ticks {
  /** How often the clock stepped. */
  steps = 0;
  readonly #hz: number;
  #timestamp: number | undefined;
  #ticks = 0;
  #arrivedMs = 0;
  #firstMs = 0;
  #alike = 0;

  constructor(hz: number) {
    this.#hz = hz;
  }

  /** The count for a unit that arrived at this moment. */
  at(timestamp: number, arrivedMs: number): number {
    if (this.#timestamp === undefined) {
      this.#firstMs = arrivedMs;
    } else {
      this.#ticks += this.#step((timestamp - this.#timestamp) | 0, arrivedMs);
    }
    this.#timestamp = timestamp;
    this.#arrivedMs = arrivedMs;
    return this.#ticks;
  }

  /** The count of another timestamp, not far from the newest one. */
  near(timestamp: number): number {
    return this.#timestamp === undefined ? 0 : this.#ticks + ((timestamp - this.#timestamp) | 0);
  }

  get started(): boolean {
    return this.#timestamp !== undefined;
  }

  #step(step: number, arrivedMs: number): number {
    this.#alike = step === 0 ? this.#alike + 1 : 0;
    const passed = Math.max(1, Math.round(((arrivedMs - this.#arrivedMs) * this.#hz) / 1000));
    if (this.#alike > MAX_ALIKE) return passed;
    if (Math.abs(step) <= STEP_S * this.#hz) return step;
    // Believed if it brings the count nearer to the time that passed since the first unit: after a pause, or a jam.
    const expected = ((arrivedMs - this.#firstMs) * this.#hz) / 1000 - this.#ticks;
    if (step > 0 && Math.abs(step - expected) <= Math.abs(passed - expected)) return step;
    this.steps++;
    return passed;
  }
}
