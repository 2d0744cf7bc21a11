import type { Entry } from '../segment.js';

/**
 * Parsed shards, so that a day that is looked at again is not read again. Shards are written once, but a transfer that was cut
 * off may have left a part of one under its name until it is sent again: hence `version` (size and time, or an ETag).
 */
export class ShardCache {
  readonly #most: number;
  #held = 0;
  /** Least recently used first. */
  readonly #shards = new Map<string, { version: string; entries: Entry[] }>();

  /** `most` entries are kept in all; 20,000 take about 10 MB. */
  constructor(most = 20_000) {
    this.#most = most;
  }

  get entries(): number {
    return this.#held;
  }

  get(key: string, version: string): Entry[] | undefined {
    const found = this.#shards.get(key);
    if (found?.version !== version) return undefined;
    this.#shards.delete(key);
    this.#shards.set(key, found);
    return found.entries;
  }

  set(key: string, version: string, entries: Entry[]): void {
    this.#drop(key);
    this.#shards.set(key, { version, entries });
    this.#held += entries.length;
    for (const oldest of this.#shards.keys()) {
      if (this.#held <= this.#most) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#held -= this.#shards.get(key)?.entries.length ?? 0;
    this.#shards.delete(key);
  }
}
