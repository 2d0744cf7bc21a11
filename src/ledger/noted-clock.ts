import type { Machine } from '../../lib/machine.js';
import type { Ledger } from './ledger.js';

/** Less is what time servers correct all the time; see `WatchedClock`. */
const STEP_MS = 2_000;

/** Written anew once it is off by this much. */
const FOLLOW_MS = 100;

interface Noted {
  boot: string;
  /** What the clock showed when the machine started, UTC ms. */
  zero: number;
}

/**
 * Which clock a camera's times in the ledger are of: what it shows, less for how long the machine has been up. A recorder that was killed
 * before it could note that the clock was set leaves times of the clock as it was, and the next one sees by how much they differ.
 */
export class NotedClock {
  readonly #ledger: Ledger;
  readonly #machine: Machine;
  readonly #key: string;

  constructor(ledger: Ledger, machine: Machine, camera: string) {
    this.#ledger = ledger;
    this.#machine = machine;
    this.#key = `clock:${camera}`;
  }

  /** By how much the clock was set, if it shows `now`, that the ledger does not know of. 0 where nobody can tell: the machine started anew. */
  missedMs(now: number): number {
    const noted = this.#read();
    const missed = noted ? Math.round(this.#zero(now) - noted.zero) : 0;
    return Math.abs(missed) > STEP_MS ? missed : 0;
  }

  /**
   * The clock that the ledger's times are of shows `now`. To be told again and again: what a clock is corrected by in small steps, over
   * weeks, is no step.
   */
  follow(now: number): void {
    const { boot } = this.#machine;
    const zero = this.#zero(now);
    if (boot && Math.abs(zero - (this.#read()?.zero ?? Number.POSITIVE_INFINITY)) > FOLLOW_MS)
      this.#write({ boot, zero });
  }

  /** It was noted, in the same transaction, that the clock was set. */
  step(byMs: number): void {
    const noted = this.#read();
    if (noted) this.#write({ ...noted, zero: noted.zero + byMs });
  }

  #zero(now: number): number {
    return now - this.#machine.uptimeMs();
  }

  /** Undefined if it was noted before the machine started. */
  #read(): Noted | undefined {
    const text = this.#ledger.meta(this.#key);
    const noted = text === undefined ? undefined : (JSON.parse(text) as Noted);
    return noted?.boot === this.#machine.boot ? noted : undefined;
  }

  #write(noted: Noted): void {
    this.#ledger.setMeta(this.#key, JSON.stringify(noted));
  }
}
