import type { Clock } from '../clock.js';
import type { Attempt } from './attempt.js';
import { LEAST_WRITE, MOST_WRITE } from './sftp-limits.js';

/** Enough for 100 Mbit/s over 80 ms, and two blocks of a file. Less would save nothing, and leave the line idle while a block is read and hashed. */
const LEAST = 4 * MOST_WRITE;

/** Enough for 1 Gbit/s over 64 ms: the memory a connection may take, whatever the line. */
const MOST = 8_000_000;

/** 1 Gbit/s. What may be under way beyond that only lies encrypted in our own memory: on a loopback, all that the window could grow. */
const BYTES_PER_MS = 125_000;

/** Twice the line's content: acknowledgements then take twice the line's own delay, and a packet lost leaves no gap. */
const ENOUGH = 2;

/** More than this only makes who is urgent wait. */
const TOO_MUCH = 4;

const GROWTH = 1.25;

/** How long one write may take on the line: who is urgent waits for it, and whether a line is silent is told by their answers. */
const WRITE_MS = 100;

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
  #roundAt: number;
  /** Of the last round. */
  #bytesPerMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#roundAt = clock.monotonic();
  }

  get limit(): number {
    return this.#limit;
  }

  /** How much one write should hold where the server takes `most`: little on a slow line, and until the line is known. */
  writeBytes(most: number): number {
    return Math.min(most, Math.max(LEAST_WRITE, Math.floor(WRITE_MS * this.#bytesPerMs)));
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
    const now = this.#clock.monotonic();
    this.#bytesPerMs = this.#acknowledged / Math.max(1, now - this.#roundAt);
    this.#roundAt = now;
    this.#acknowledged = 0;
    this.#shortestMs = Number.POSITIVE_INFINITY;
    this.#wasFull = false;
  }
}
