import type { Clock } from '../clock.js';

const MOST_FAILURES = 5;
const FORGOTTEN_MS = 300_000;
/** Addresses are cheap for an attacker; memory is not for us. */
const MOST_ADDRESSES = 10_000;

/** Who guessed wrong too often is not listened to for a while. */
export class SignInLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; last: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isShut(address: string): boolean {
    const found = this.#failures.get(address);
    if (!found) return false;
    if (this.#clock.monotonic() - found.last < FORGOTTEN_MS) return found.count >= MOST_FAILURES;
    this.#failures.delete(address);
    return false;
  }

  failed(address: string): void {
    const count = (this.#failures.get(address)?.count ?? 0) + 1;
    // The newest is put last, so that the oldest is the one to go.
    this.#failures.delete(address);
    this.#failures.set(address, { count, last: this.#clock.monotonic() });
    if (this.#failures.size > MOST_ADDRESSES) this.#failures.delete(this.#failures.keys().next().value!);
  }

  worked(address: string): void {
    this.#failures.delete(address);
  }
}
