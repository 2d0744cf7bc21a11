import type { Clock } from '../../lib/clock.js';
import type { Machine } from '../../lib/machine.js';
import { isUnset } from '../../lib/unset-clock.js';
import type { Ledger } from './ledger.js';

const KEY = 'unset-clock';

/**
 * What a clock that was not set yet stood at, kept so that what was recorded by it and left behind by a kill is dated right once it is
 * set, as long as the machine has not started anew.
 */
export class UnsetTimes {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #machine: Machine;

  constructor(ledger: Ledger, clock: Clock, machine: Machine) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#machine = machine;
  }

  /** To be called at each start, before anything is recorded. */
  note(): void {
    const { boot } = this.#machine;
    if (boot && isUnset(this.#clock.now())) this.#ledger.setMeta(KEY, JSON.stringify({ boot, zero: this.#zero() }));
  }

  /** When it was that the clock showed this time; the same where it was set then, or where nobody knows. */
  right(time: number): number {
    const noted = isUnset(time) ? this.#ledger.meta(KEY) : undefined;
    if (noted === undefined || isUnset(this.#clock.now())) return time;
    const { boot, zero } = JSON.parse(noted) as { boot: string; zero: number };
    return boot === this.#machine.boot ? Math.round(time + this.#zero() - zero) : time;
  }

  /** What the clock, as it is, showed when the machine started. */
  #zero(): number {
    return this.#clock.now() - this.#machine.uptimeMs();
  }
}
