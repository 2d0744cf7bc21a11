import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAKETIME } from '../peers/peers.js';

/**
 * A wall clock for other processes, which can be set while they run: libfaketime reads it from a file. Their monotonic clock, and the
 * times of files, stay as they are.
 */
export class FakeTime {
  readonly #file: string;
  #offsetMs = 0;

  constructor(folder: string) {
    this.#file = join(folder, 'clock');
    this.set(0);
  }

  /** What a process needs in its environment. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** What their clock shows. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Sets it ahead of the true time by so much, or behind. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    const seconds = offsetMs / 1_000;
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}`);
  }

  /** Sets it to a moment. */
  setTo(time: number): void {
    this.set(Math.round((time - Date.now()) / 1_000) * 1_000);
  }
}
