import type { Failure } from '../errors.js';
import { race } from '../race.js';
import { abortedFailure } from './failures.js';

/**
 * One call's life, until it succeeds or something ends it first: its signal, a stall, a lost connection.
 * Whatever the call waits for is raced against that, so a peer that never answers cannot keep it.
 */
export class Attempt {
  #reject!: (failure: Failure) => void;
  readonly #failed: Promise<never>;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.fail(abortedFailure());
  #failure: Failure | undefined;
  readonly #listeners = new Set<(failure: Failure) => void>();

  constructor(signal: AbortSignal) {
    this.#failed = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // Whoever races sees the failure; a call that waits for nothing at this moment looks at `throwIfFailed`.
    this.#failed.catch(() => undefined);
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) this.#onAbort();
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** The first failure is the one that is told; later ones are its consequences. */
  fail(failure: Failure): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#reject(failure);
    for (const listener of this.#listeners) listener(failure);
  }

  onFail(listener: (failure: Failure) => void): void {
    this.#listeners.add(listener);
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Settles as `promise` does, or rejects at once when the attempt fails; then the late outcome is dropped. */
  race<T>(promise: Promise<T>): Promise<T> {
    return race(promise, this.#failed);
  }

  /** As {@link race}, for what must be given back: if it arrives too late for us, `discard` gets it. */
  async acquire<T>(promise: Promise<T>, discard: (late: T) => Promise<void>): Promise<T> {
    try {
      return await this.race(promise);
    } catch (error) {
      // Nobody waits any more, so nobody could be told that discarding failed.
      promise.then(discard).catch(() => undefined);
      throw error;
    }
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#listeners.clear();
  }
}
