import type { Clock } from '../clock.js';

/** What waits for the next turn to be read again. */
export interface Reader {
  resume(): void;
}

/** Where a connection waits for its turn. */
export interface Turns {
  /** Resumes the reader at the next turn. */
  wait(reader: Reader): void;
}

/**
 * Lets connections be read together, many times a second, instead of each whenever a packet comes: a camera sends some two
 * hundred packets a second, and waking up for each costs more than all that is done with them. Meanwhile they wait in the
 * system's own memory, as they would if this process were not on the processor just then.
 */
export class ReadTurns implements Turns {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #waiting: { reader: Reader; due: number }[] = [];
  /** Turns are counted also while nobody waits for them, so that all who wait for one of many wait for the same. */
  #turn = 0;
  #turnAtMs = 0;
  /** The turn that is slept up to. */
  #next = Number.POSITIVE_INFINITY;
  #sleeps = 0;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  wait(reader: Reader): void {
    this.#await(reader, 1);
  }

  /** Turns for one reader: every one of these, or, while nobody is in a hurry, one in `calmTurns`. */
  calm(calmTurns: number): CalmTurns {
    return new CalmTurns(calmTurns, (reader, everyTurns) => this.#await(reader, everyTurns));
  }

  /** Whoever waits already waits no longer than before. */
  #await(reader: Reader, everyTurns: number): void {
    this.#count();
    const due = (Math.floor(this.#turn / everyTurns) + 1) * everyTurns;
    const waits = this.#waiting.find((one) => one.reader === reader);
    if (waits) waits.due = Math.min(waits.due, due);
    else this.#waiting.push({ reader, due });
    if (due < this.#next) void this.#run();
  }

  /** Counts the turns that passed while nobody was due. */
  #count(): void {
    const passed = Math.floor((this.#clock.monotonic() - this.#turnAtMs) / this.#everyMs);
    this.#turn += passed;
    this.#turnAtMs += passed * this.#everyMs;
  }

  /** As long as anybody waits: with nobody to read there are no turns, and nobody is woken up for one in which nobody is due. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.#next = Math.min(...this.#waiting.map(({ due }) => due));
      const atMs = this.#turnAtMs + (this.#next - this.#turn) * this.#everyMs;
      const sleep = ++this.#sleeps;
      await this.#clock.sleep(atMs - this.#clock.monotonic());
      // Somebody who is due sooner has begun another sleep.
      if (sleep !== this.#sleeps) return;
      this.#take();
      // Whoever read all there was has asked for the next turn by now, but not whoever is still reading.
    }
    this.#next = Number.POSITIVE_INFINITY;
  }

  #take(): void {
    this.#turn = Math.max(this.#turn, this.#next);
    this.#turnAtMs = this.#clock.monotonic();
    const due = this.#waiting.filter((one) => one.due <= this.#turn);
    this.#waiting = this.#waiting.filter((one) => one.due > this.#turn);
    for (const { reader } of due) reader.resume();
  }
}

/** Turns that may be far apart while what is read can wait. */
export class CalmTurns implements Turns {
  readonly #calmTurns: number;
  readonly #await: (reader: Reader, everyTurns: number) => void;
  #waiting: Reader | undefined;
  #hurried = true;

  constructor(calmTurns: number, wait: (reader: Reader, everyTurns: number) => void) {
    this.#calmTurns = calmTurns;
    this.#await = wait;
  }

  get hurried(): boolean {
    return this.#hurried;
  }

  /** Takes effect at once, also for a reader that waits for a turn far off. */
  set hurried(hurried: boolean) {
    const begins = hurried && !this.#hurried;
    this.#hurried = hurried;
    if (begins && this.#waiting) this.#await(this.#waiting, 1);
  }

  wait(reader: Reader): void {
    const waiting = {
      resume: () => {
        if (this.#waiting === waiting) this.#waiting = undefined;
        reader.resume();
      },
    };
    this.#waiting = waiting;
    this.#await(waiting, this.#hurried ? 1 : this.#calmTurns);
  }
}
