import { Backoff, jitter } from '../../lib/backoff.js';
import type { Clock } from '../../lib/clock.js';
import { Failure, isPermanent } from '../../lib/errors.js';

/** A permanent refusal is asked about this seldom: hammering a sign-in locks accounts and costs a Lambda each time. */
const REFUSED_MS = 60_000;

export interface Trouble {
  reason: string;
  refused: boolean;
}

/** Whether a remote works, and how long it is left alone where it does not. */
export class Respite {
  readonly #clock: Clock;
  readonly #backoff = new Backoff(1_000, 60_000);
  #until = 0;
  #works = false;
  #trouble: Trouble | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the last thing heard of the remote is a delivery. */
  get works(): boolean {
    return this.#works;
  }

  /** Why it is left alone, or was until now: then one file tries the water, not all at once. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  get leftMs(): number {
    return Math.max(0, this.#until - this.#clock.monotonic());
  }

  worked(): void {
    this.#backoff.reset();
    this.#works = true;
    this.#trouble = undefined;
    this.#until = 0;
  }

  /** Nothing is sent to the remote for a while; what fails together counts once. Returns for how long. */
  begin(error: unknown, message: string): number {
    const refused = isPermanent(error);
    this.#works = false;
    const waitMs = this.leftMs > 0 ? this.leftMs : refused ? jitter(REFUSED_MS) : this.#backoff.next();
    this.#until = this.#clock.monotonic() + waitMs;
    const hint = error instanceof Failure ? error.hint : undefined;
    this.#trouble = { reason: hint ? `${message}. ${hint}` : message, refused };
    return waitMs;
  }
}
