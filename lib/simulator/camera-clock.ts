import type { Clock } from '../clock.js';

/**
 * A camera's own clock: follows the true time while it has NTP, and runs by itself once somebody has set it. Faults may
 * shift either. Waiting and monotonic time are those of the clock below.
 */
export class CameraClock implements Clock {
  readonly #clock: Clock;
  readonly #skewMs: () => number;
  /** Wall time less monotonic time while it runs by itself. */
  #base: number | undefined;

  constructor(clock: Clock, skewMs: () => number = () => 0) {
    this.#clock = clock;
    this.#skewMs = skewMs;
  }

  now(): number {
    const own = this.#base === undefined ? this.#clock.now() : this.#base + this.#clock.monotonic();
    return own + this.#skewMs();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  /** Runs by itself from this wall time on. */
  set(wallMs: number): void {
    this.#base = wallMs - this.#clock.monotonic();
  }

  /** Follows the true time again. */
  synchronise(): void {
    this.#base = undefined;
  }
}
