/** Exponential back-off with full jitter on its upper half, so that forty cameras behind one switch do not return at once. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(minMs: number, maxMs: number, random: () => number = Math.random) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** How long to wait after one more failure, milliseconds. */
  next(): number {
    const full = backoffMs(this.#failures, this.#minMs, this.#maxMs);
    this.#failures++;
    return jitter(full, this.#random);
  }

  /** Things work again. */
  reset(): void {
    this.#failures = 0;
  }
}

/** The wait after `failures` earlier failures in a row, before jitter. */
export function backoffMs(failures: number, minMs: number, maxMs: number): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(failures, 30));
}

/** Between half and all of `ms`. */
export function jitter(ms: number, random: () => number = Math.random): number {
  return Math.round(ms * (0.5 + random() / 2));
}
