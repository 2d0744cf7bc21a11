/** What goes wrong on purpose. Byte counts are per file. Everything is off unless set. */
export interface Faults {
  /** Answers nothing at all: new connections get no greeting, open ones no reply, not even to keepalives. */
  silent?: boolean;
  /** Swallows WRITE without an answer, while keepalives and everything else go on. */
  ignoreWrites?: boolean;
  /** Refuses WRITE with "No space left" once it would go past this many bytes. */
  failWriteAfterBytes?: number;
  /** Refuses CLOSE with "No space left" when more than this many bytes were written. */
  failCloseAfterBytes?: number;
  /** Acknowledges everything but keeps only the first bytes. */
  keepOnlyBytes?: number;
  /** Cuts the connection once this many bytes arrived. */
  dropAfterBytes?: number;
  /** Every reply leaves this much later. Replies do not wait for each other, as on a long line. */
  replyDelayMs?: number;
  /** Stores at CLOSE, but does not say so until lifted. */
  holdClose?: boolean;
  /** Publishes what a lost connection left unfinished only once lifted, whatever was stored at the key since. */
  holdPartials?: boolean;
  refuseSignIn?: boolean;
}

/** The faults of one endpoint; changes take effect at once, on open connections too. */
export class EndpointFaults {
  #current: Readonly<Faults>;
  readonly #listeners = new Set<() => void>();

  constructor(initial: Faults = {}) {
    this.#current = { ...initial };
  }

  get current(): Readonly<Faults> {
    return this.#current;
  }

  /** Replaces all faults: `set({})` lifts every one. */
  set(faults: Faults): void {
    this.#current = { ...faults };
    for (const listener of [...this.#listeners]) listener();
  }

  /** Returns what ends the subscription. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once neither applies to `fault` any more, or `signal` aborts. */
  async lifted(fault: 'silent' | 'holdClose' | 'holdPartials', signal: AbortSignal): Promise<void> {
    if (!this.#current[fault] || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        if (this.#current[fault] && !signal.aborted) return;
        unsubscribe();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const unsubscribe = this.onChange(end);
      signal.addEventListener('abort', end);
    });
  }
}
