import type { Clock } from '../clock.js';
import type { Attempt } from './attempt.js';

/** Enough for 100 Mbit/s over 80 ms. Less would save nothing, and leave the line idle while a block is read and hashed. */
const LEAST = 1_000_000;

/** Enough for 1 Gbit/s over 64 ms: the memory a connection may take, whatever the line. */
const MOST = 8_000_000;

/** 1 Gbit/s. What may be under way beyond that only lies encrypted in our own memory: on a loopback, all that the window could grow. */
const BYTES_PER_MS = 125_000;

/** Twice the line's content: acknowledgements then take twice the line's own delay, and a packet lost leaves no gap. */
const ENOUGH = 2;

/** More than this only makes who is urgent wait. */
const TOO_MUCH = 4;

const GROWTH = 1.25;

/** One write on its way. */
export interface Flight {
  bytes: number;
  /** Monotonic ms. */
  sentAt: number;
  /** Nothing else was on its way: its acknowledgement shows the line's own delay. */
  isAlone: boolean;
}

/**
 * How many bytes may be under way unacknowledged on one connection. It grows while all of it is in use and acknowledgements come as
 * quickly as if the line were half empty, and shrinks when they come so late that most of it can only lie in queues.
 */
export class FlightWindow {
  readonly #clock: Clock;
  readonly #wakers = new Set<() => void>();
  #limit = LEAST;
  #underway = 0;
  /** The shortest time seen from a write to its acknowledgement: what is longer was spent in queues. */
  #lineMs = Number.POSITIVE_INFINITY;
  /** Of this round, which ends when as much as the window holds was acknowledged. */
  #acknowledged = 0;
  #shortestMs = Number.POSITIVE_INFINITY;
  #wasFull = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get limit(): number {
    return this.#limit;
  }

  has(bytes: number): boolean {
    const hasRoom = this.#underway + bytes <= this.#limit;
    if (!hasRoom) this.#wasFull = true;
    return hasRoom;
  }

  /** Hand the result to {@link landed}, or its bytes to {@link give} if nobody waits for it any more. */
  take(bytes: number): Flight {
    const isAlone = this.#underway === 0;
    this.#underway += bytes;
    return { bytes, sentAt: this.#clock.monotonic(), isAlone };
  }

  /** A write was acknowledged. */
  landed({ bytes, sentAt, isAlone }: Flight): void {
    const tripMs = this.#clock.monotonic() - sentAt;
    // One that had the line to itself also shows when it has become longer.
    this.#lineMs = isAlone ? tripMs : Math.min(this.#lineMs, tripMs);
    this.#shortestMs = Math.min(this.#shortestMs, tripMs);
    this.#acknowledged += bytes;
    if (this.#acknowledged >= this.#limit) this.#adapt();
    this.give(bytes);
  }

  give(bytes: number): void {
    this.#underway -= bytes;
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  /** Resolves when there is room, or when the attempt has failed: what gives its bytes back then wakes. */
  async room(bytes: number, attempt: Attempt): Promise<void> {
    while (!this.has(bytes) && !attempt.failure) {
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }

  #adapt(): void {
    // A window that nothing waited for says nothing about the line.
    const most = Math.max(LEAST, Math.min(MOST, BYTES_PER_MS * this.#lineMs));
    if (this.#wasFull && this.#shortestMs <= ENOUGH * this.#lineMs) this.#limit = Math.min(most, this.#limit * GROWTH);
    else if (this.#shortestMs > TOO_MUCH * this.#lineMs) this.#limit = Math.max(LEAST, this.#limit / GROWTH);
    this.#acknowledged = 0;
    this.#shortestMs = Number.POSITIVE_INFINITY;
    this.#wasFull = false;
  }
}
