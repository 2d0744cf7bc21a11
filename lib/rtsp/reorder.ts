/** So many packets, or so long, a missing one is waited for: a local network turns round neighbours, not seconds. */
const MOST_HELD = 128;
const WAIT_MS = 150;

/** Further behind than this, the sender has begun to count anew. */
const MAX_LATE = 100;

interface Held {
  bytes: Buffer;
  arrivedMs: number;
}

/**
 * Puts packets that came by UDP in the order of their numbers. One that stays away is given up when enough have come after it,
 * and what follows it is handed on as it is: who reads the numbers sees that one is missing. Nothing here waits for time alone, so
 * the last ones before a silence come out with whatever ends it, or by {@link flush}.
 */
export class Reorder {
  readonly #out: (bytes: Buffer) => void;
  readonly #held = new Map<number, Held>();
  #next: number | undefined;

  constructor(out: (bytes: Buffer) => void) {
    this.#out = out;
  }

  /** An RTP packet of a buffer of its own. */
  push(bytes: Buffer, arrivedMs: number): void {
    if (bytes.length < 4) return;
    const sequence = bytes.readUInt16BE(2);
    const ahead = this.#next === undefined ? 0 : (sequence - this.#next) & 0xffff;
    if (ahead >= 0x8000) {
      // Late, or twice: counted by who reads it, as one that began anew is believed there.
      if (0x10000 - ahead > MAX_LATE) this.#next = (sequence + 1) & 0xffff;
      this.#out(bytes);
      return;
    }
    this.#held.set(sequence, { bytes, arrivedMs });
    if (ahead === 0) this.#next = sequence;
    this.#drain();
    while (this.#isOverdue(arrivedMs)) this.#skip();
  }

  /** Hands on all that is held. */
  flush(): void {
    while (this.#held.size > 0) this.#skip();
  }

  #drain(): void {
    for (let held = this.#take(this.#next!); held; held = this.#take(this.#next!)) {
      this.#next = (this.#next! + 1) & 0xffff;
      this.#out(held.bytes);
    }
  }

  #take(sequence: number): Held | undefined {
    const held = this.#held.get(sequence);
    this.#held.delete(sequence);
    return held;
  }

  /** Insertion order is the order of arrival. */
  #isOverdue(nowMs: number): boolean {
    const [oldest] = this.#held.values();
    return oldest !== undefined && (this.#held.size > MOST_HELD || nowMs - oldest.arrivedMs > WAIT_MS);
  }

  /** Goes on with the nearest that has come. */
  #skip(): void {
    const distance = (sequence: number) => (sequence - this.#next!) & 0xffff;
    this.#next = [...this.#held.keys()].reduce((best, one) => (distance(one) < distance(best) ? one : best));
    this.#drain();
  }
}
