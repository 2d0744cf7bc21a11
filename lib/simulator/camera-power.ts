import type { Clock } from '../clock.js';

/** A reply must have left before the camera goes down. */
const REPLY_LEAVES_MS = 200;

export interface CameraPowerOptions {
  clock: Clock;
  up(signal: AbortSignal): Promise<void>;
  /** May be called at any time, also when only half of it is up. */
  down(): Promise<void>;
}

/** Turns a camera on and off: one change at a time, however many ask. */
export class CameraPower {
  readonly #options: CameraPowerOptions;
  #isUp = false;
  #stopping = new AbortController();
  #changes: Promise<void> = Promise.resolve();

  constructor(options: CameraPowerOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Everything listens, or nothing does and this rejects. */
  async open(): Promise<void> {
    this.#stopping = new AbortController();
    await this.#change(() => this.#up());
  }

  /** For good: what is under way comes to nothing. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#change(() => this.#down());
  }

  /** Off, a moment's rest, on again. */
  async restart(restMs: number, meanwhile: () => void): Promise<void> {
    await this.#change(async () => {
      await this.#down();
      await this.#options.clock.sleep(restMs, this.#stopping.signal);
      meanwhile();
      await this.#up();
    });
  }

  /** Does something to the camera itself once the reply to who asked for it has left. */
  afterReply(perform: () => Promise<void>): void {
    const { signal } = this.#stopping;
    void this.#options.clock.sleep(REPLY_LEAVES_MS, signal).then(async () => {
      // There is nobody left to tell that it could not come back; it is gone, and does not answer probes.
      if (!signal.aborted) await perform().catch(() => undefined);
    });
  }

  /** A failed change does not stand in the way of the next. */
  async #change(perform: () => Promise<void>): Promise<void> {
    const change = this.#changes.then(perform);
    this.#changes = change.catch(() => undefined);
    await change;
  }

  async #up(): Promise<void> {
    const { signal } = this.#stopping;
    if (this.#isUp || signal.aborted) return;
    try {
      await this.#options.up(signal);
      this.#isUp = true;
    } catch (error) {
      await this.#down();
      throw error;
    }
  }

  async #down(): Promise<void> {
    this.#isUp = false;
    await this.#options.down();
  }
}
