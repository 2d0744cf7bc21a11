import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Clock } from '../../lib/clock.js';
import { isUnset } from '../../lib/unset-clock.js';
import type { Ledger } from './ledger.js';

const KEY = 'unset-clock';

/** What goes on counting whoever sets the clock, until the machine starts anew. */
export interface Machine {
  boot: string | undefined;
  uptimeMs(): number;
}

/**
 * What a clock that was not set yet stood at, kept so that what was recorded by it and left behind by a kill is dated right once it is
 * set, as long as the machine has not started anew.
 */
export class UnsetTimes {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #machine: Machine;

  constructor(ledger: Ledger, clock: Clock, machine: Machine = thisMachine()) {
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

function thisMachine(): Machine {
  return { boot: bootId(), uptimeMs: () => uptime() * 1_000 };
}

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux: what a kill leaves behind keeps the time it has.
    return undefined;
  }
}
