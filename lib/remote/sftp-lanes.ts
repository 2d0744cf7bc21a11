import type { Clock } from '../clock.js';
import type { Attempt } from './attempt.js';
import { stalledFailure } from './failures.js';

/**
 * One call's requests on a shared connection, and how long they have gone unanswered.
 *
 * A slow line answers a new call only after everything queued before it, which may take longer than `stallMs`. So a lane
 * counts as served by every answer to a request sent before its own oldest one, whoever sent that; and by its own.
 */
export class Lane {
  readonly attempt: Attempt;
  readonly #lanes: Lanes;
  readonly #outstanding = new Set<number>();
  /** Monotonic ms of the last sign that this lane is being served. */
  servedAt = 0;
  /** Multiplies `stallMs` for requests whose progress cannot be seen from outside (a long listing). */
  patience = 1;

  constructor(lanes: Lanes, attempt: Attempt) {
    this.#lanes = lanes;
    this.attempt = attempt;
  }

  get oldest(): number | undefined {
    for (const sequence of this.#outstanding) return sequence;
    return undefined;
  }

  /** To be called right before a request is sent; hand the result to {@link answered}. */
  sent(): number {
    const sequence = this.#lanes.next();
    if (this.#outstanding.size === 0) this.servedAt = this.#lanes.now();
    this.#outstanding.add(sequence);
    this.#lanes.watch();
    return sequence;
  }

  answered(sequence: number): void {
    this.#lanes.answered(sequence);
    this.servedAt = this.#lanes.now();
    this.#outstanding.delete(sequence);
  }

  /** Sends one request through ssh2 and settles as its callback says, or as the attempt fails. */
  request<T>(send: (done: (error?: Error | null, value?: T) => void) => void): Promise<T> {
    return this.during(
      () =>
        new Promise<T>((resolve, reject) => {
          send((error, value) => (error ? reject(error) : resolve(value as T)));
        }),
    );
  }

  /** As {@link request}, for libraries that speak in promises. */
  during<T>(work: () => Promise<T>): Promise<T> {
    this.attempt.throwIfFailed();
    const sequence = this.sent();
    return this.attempt.race(work().finally(() => this.answered(sequence)));
  }

  end(): void {
    this.#outstanding.clear();
    this.#lanes.remove(this);
  }
}

/** All lanes of one connection, and the watchdog over them. */
export class Lanes {
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #name: string;
  readonly #signal: AbortSignal;
  /** Called when no lane was served for `stallMs`: the connection is dead, whatever its keepalives say. */
  readonly #onSilence: () => void;
  readonly #lanes = new Set<Lane>();
  #sequence = 0;
  #answeredAt = 0;
  #watching = false;

  constructor(options: { clock: Clock; stallMs: number; name: string; signal: AbortSignal; onSilence: () => void }) {
    this.#clock = options.clock;
    this.#stallMs = options.stallMs;
    this.#name = options.name;
    this.#signal = options.signal;
    this.#onSilence = options.onSilence;
  }

  get size(): number {
    return this.#lanes.size;
  }

  get all(): Iterable<Lane> {
    return this.#lanes;
  }

  add(attempt: Attempt): Lane {
    const lane = new Lane(this, attempt);
    this.#lanes.add(lane);
    return lane;
  }

  remove(lane: Lane): void {
    this.#lanes.delete(lane);
  }

  now(): number {
    return this.#clock.monotonic();
  }

  next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  answered(sequence: number): void {
    this.#answeredAt = this.now();
    for (const lane of this.#lanes) {
      const { oldest } = lane;
      if (oldest !== undefined && sequence <= oldest) lane.servedAt = this.#answeredAt;
    }
  }

  /** Starts the watchdog unless it runs; it ends when nothing is outstanding. */
  watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    void this.#watch();
  }

  async #watch(): Promise<void> {
    while (!this.#signal.aborted) {
      const waiting = [...this.#lanes].filter((lane) => lane.oldest !== undefined);
      if (waiting.length === 0) break;
      const left = Math.min(...waiting.map((lane) => this.#left(lane)));
      if (left > 0) {
        await this.#clock.sleep(Math.ceil(left), this.#signal);
        continue;
      }
      for (const lane of waiting) if (this.#left(lane) <= 0) this.#expire(lane);
    }
    this.#watching = false;
  }

  #left(lane: Lane): number {
    return lane.servedAt + this.#stallMs * lane.patience - this.now();
  }

  #expire(lane: Lane): void {
    const silent = this.now() - this.#answeredAt >= this.#stallMs;
    lane.attempt.fail(stalledFailure(this.#name, this.#stallMs * lane.patience));
    lane.end();
    if (silent) this.#onSilence();
  }
}
