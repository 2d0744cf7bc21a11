import type { Clock } from '../clock.js';

/** What a put asks before it sends more. */
export interface Pace {
  /** How much to ask for at once: little on a slow line, so that who is urgent need not wait long. */
  readonly pieceBytes: number;
  /** Whether this goes before everything that is not. */
  readonly urgent: boolean;
  /** Resolves when so much may be sent, at the latest when `signal` aborts. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

interface Taker {
  bytes: number;
  go: () => void;
}

/** How much time that went unused may be made up for: timers wake late, and the line must not pay for it. */
const CATCH_UP_MS = 200;

/** A changed rate is noticed within this. */
const GLANCE_MS = 1_000;

/** A piece takes this long at most, within the bounds below. */
const PIECE_S = 0.1;
const MIN_PIECE = 4 * 1024;
const MAX_PIECE = 1024 * 1024;

/**
 * One rate for everything that is sent, however many files and remotes share it. Who is urgent goes first: under a cap,
 * a backlog gives all of the line to what just happened.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #bytesPerSecond: () => number;
  readonly #urgent: Taker[] = [];
  readonly #others: Taker[] = [];
  /** Monotonic time at which everything that was let go will have been sent. */
  #freeAt = 0;
  #pumping = false;

  /** `bytesPerSecond` is asked again and again: more than 0, `Infinity` for no limit. */
  constructor(clock: Clock, bytesPerSecond: () => number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  pace(urgent: boolean): Pace {
    const queue = urgent ? this.#urgent : this.#others;
    const throttle = this;
    return {
      urgent,
      get pieceBytes() {
        return Math.round(Math.min(MAX_PIECE, Math.max(MIN_PIECE, throttle.#bytesPerSecond() * PIECE_S)));
      },
      take: (bytes, signal) => throttle.#take(queue, bytes, signal),
    };
  }

  async #take(queue: Taker[], bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isFree()) return;
    await new Promise<void>((resolve) => {
      const leave = () => {
        const at = queue.indexOf(taker);
        if (at >= 0) queue.splice(at, 1);
        taker.go();
      };
      const taker: Taker = {
        bytes,
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave);
      queue.push(taker);
      if (!this.#pumping) void this.#pump();
    });
  }

  #isFree(): boolean {
    return this.#bytesPerSecond() === Number.POSITIVE_INFINITY && !this.#pumping;
  }

  /** Never rejects. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    while (this.#urgent.length + this.#others.length > 0) {
      const waitMs = this.#freeAt - this.#clock.monotonic();
      if (waitMs > 0 && this.#bytesPerSecond() !== Number.POSITIVE_INFINITY) {
        await this.#clock.sleep(Math.min(waitMs, GLANCE_MS));
      } else this.#letGo((this.#urgent.shift() ?? this.#others.shift())!);
    }
    this.#pumping = false;
  }

  #letGo({ bytes, go }: Taker): void {
    const now = this.#clock.monotonic();
    this.#freeAt = Math.max(this.#freeAt, now - CATCH_UP_MS) + (bytes / this.#bytesPerSecond()) * 1_000;
    go();
  }
}
