import { uptime } from 'node:os';
import type { Clock } from './clock.js';

/** The wall clock was set while we ran. */
export interface ClockStep {
  /** What it shows now, UTC ms. */
  at: number;
  /** By how much it was set forward; negative: back. */
  byMs: number;
}

/** Less is what time servers correct all the time, or a machine that was busy. */
const STEP_MS = 2_000;

/**
 * A clock that notices when it is set: wall time then gains on monotonic time, or loses. Whoever asks what time it is asks at the
 * same time whether that happened, so nobody sees a new time before `onStep` was told of it.
 *
 * A machine that was suspended is no such case: its monotonic clock stood still while time went on, which the kernel's uptime tells.
 */
export class WatchedClock implements Clock {
  /** Told before anybody else sees the new time. */
  onStep: ((step: ClockStep) => void) | undefined;
  readonly #clock: Clock;
  readonly #uptimeMs: () => number;
  #setting: number;
  #asleepMs: number;

  constructor(clock: Clock, uptimeMs: () => number = () => uptime() * 1_000) {
    this.#clock = clock;
    this.#uptimeMs = uptimeMs;
    this.#setting = clock.now() - clock.monotonic();
    this.#asleepMs = this.#asleep();
  }

  now(): number {
    const at = this.#clock.now();
    const gained = at - this.#clock.monotonic() - this.#setting;
    if (Math.abs(gained) > STEP_MS) this.#gained(at, gained);
    // Followed as long as it is little: time servers move it all the time.
    else this.#setting += gained;
    return at;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  #gained(at: number, gainedMs: number): void {
    this.#setting += gainedMs;
    const sleptMs = this.#asleep() - this.#asleepMs;
    this.#asleepMs += sleptMs;
    const byMs = Math.round(gainedMs - (sleptMs > STEP_MS ? sleptMs : 0));
    if (Math.abs(byMs) > STEP_MS) this.onStep?.({ at, byMs });
  }

  /** How long the machine has slept altogether, give or take a second. */
  #asleep(): number {
    return this.#uptimeMs() - this.#clock.monotonic();
  }
}
