/** Work whose result several wait for; given up when the last of them has left before it is done. */
export class SharedWork<T> {
  /** Resolves when it is done, failed or given up. */
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#stop.signal);
    const quiet = () => undefined;
    this.ended = this.#result.then(quiet, quiet);
  }

  get isGivenUp(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Rejects as the work does, or when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#waiting++;
    const left = new AbortController();
    const leaving = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { signal: left.signal });
    });
    try {
      return await Promise.race([this.#result, leaving]);
    } finally {
      left.abort();
      this.#waiting--;
      if (this.#waiting === 0) this.#stop.abort();
    }
  }
}
