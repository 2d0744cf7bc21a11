import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import type { Attempt } from './attempt.js';
import type { FtpSession } from './ftp-dial.js';

export interface FtpPoolOptions {
  /** Connections at once. */
  limit: number;
  /** An unused connection is closed after this long, before the server does it in its own way. */
  idleMs: number;
  clock: Clock;
}

/** The control connections of one remote. Each serves one call at a time; a call waits where all are busy. */
export class FtpPool {
  readonly #options: FtpPoolOptions;
  /** The last used is taken first, so that a quiet hour needs but one. */
  readonly #idle = new Map<FtpSession, AbortController>();
  readonly #waiting = new Set<() => void>();
  #limit: number;
  #open = 0;

  constructor(options: FtpPoolOptions) {
    this.#options = options;
    this.#limit = options.limit;
  }

  /** A signed-in connection for this attempt alone. Give it back with {@link release}, whatever happens. */
  async acquire(attempt: Attempt, dial: () => Promise<FtpSession>): Promise<FtpSession> {
    for (;;) {
      attempt.throwIfFailed();
      const idle = this.#takeIdle();
      if (idle) return idle;
      if (this.#open >= this.#limit) {
        await this.#turn(attempt);
        continue;
      }
      this.#open += 1;
      try {
        return await dial();
      } catch (error) {
        this.#open -= 1;
        this.#wakeNext();
        // A server that allows fewer connections than we want: those that stand do the work, until a quiet hour.
        const crowded = error instanceof Failure && error.code === 'too-many-connections' && this.#open > 0;
        if (!crowded) throw error;
        this.#limit = this.#open;
      }
    }
  }

  /** Whether somebody waits for a connection. */
  get isWanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** A closed one makes room for a new one. */
  release(session: FtpSession): void {
    // Servers wait for a data connection, but not for ever.
    if (!this.isWanted) session.ahead = undefined;
    if (session.client.closed) this.#gone();
    else this.#keep(session);
    this.#wakeNext();
  }

  /** Ends all that are not in use. */
  close(): void {
    for (const session of [...this.#idle.keys()]) this.#end(session);
  }

  #takeIdle(): FtpSession | undefined {
    for (const [session, expiry] of [...this.#idle].reverse()) {
      this.#idle.delete(session);
      expiry.abort();
      if (!session.client.closed) return session;
      this.#gone();
    }
    return undefined;
  }

  #keep(session: FtpSession): void {
    const expiry = new AbortController();
    this.#idle.set(session, expiry);
    void this.#expire(session, expiry.signal);
  }

  async #expire(session: FtpSession, taken: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(this.#options.idleMs, taken);
    if (!taken.aborted) this.#end(session);
  }

  #end(session: FtpSession): void {
    this.#idle.get(session)?.abort();
    this.#idle.delete(session);
    session.client.close();
    this.#gone();
  }

  #gone(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#limit = this.#options.limit;
  }

  async #turn(attempt: Attempt): Promise<void> {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    try {
      await attempt.race(woken);
    } catch (error) {
      // Woken at the same moment, perhaps: whoever is next must not miss that.
      if (!this.#waiting.delete(wake)) this.#wakeNext();
      throw error;
    }
  }

  #wakeNext(): void {
    for (const wake of this.#waiting) {
      this.#waiting.delete(wake);
      wake();
      return;
    }
  }
}
