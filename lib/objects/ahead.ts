import type { Piece } from './piece-cache.js';

/**
 * What a connection that lay still delivers within two round trips: it begins anew with ten packets and doubles with each, so that
 * many pieces over many connections arrive while one would still be learning how fast the line is (docs/scale.md).
 */
export const PIECE = 32 * 1024;
/** Who reads on after a burst gets larger parts, because each request costs. */
const PART = 128 * 1024;
/** Of those, under way at once: more and more while one reads on, for what is under way when somebody jumps is in the way. */
const [FEWEST_PARTS, MOST_PARTS] = [2, 6];
/** One more for each of so many bytes. */
const BYTES_FOR_A_PART = 2 * 1024 * 1024;

interface Wanted {
  start: number;
  /** How many bytes are asked for at once, in pieces. */
  burst: number;
  /** Its last byte, as far as anybody knows. */
  end: number;
}

type Fetch = (from: number, bytes: number) => Promise<Piece | undefined>;

/** What one reader of an object is going to want, asked for before it does. */
export class Ahead {
  readonly #start: number;
  readonly #burst: number;
  readonly #fetch: Fetch;
  readonly #asked: { from: number; piece: Promise<Piece | undefined> }[] = [];
  #last: number;
  /** From here on nothing is asked for yet; up to there everything was given. */
  #next: number;
  #given: number;
  #isLate = false;

  constructor({ start, burst, end }: Wanted, fetch: Fetch) {
    this.#start = start;
    this.#burst = Math.min(start + burst, end);
    this.#last = end;
    // Whoever reads the same a little later or sooner shares the pieces.
    this.#next = start - (start % PIECE);
    this.#given = start;
    this.#fetch = fetch;
    while (this.#next < this.#burst || this.#asked.length === 0) this.#ask(PIECE);
  }

  get isBurstOver(): boolean {
    return this.#given >= this.#burst;
  }

  /** More, as much as is due to who has read so far. */
  ask(): void {
    const parts = FEWEST_PARTS + Math.floor((this.#given - this.#start) / BYTES_FOR_A_PART);
    while (this.#next <= this.#last && this.#asked.length < Math.min(parts, MOST_PARTS)) this.#ask(PART);
    this.#isLate = true;
  }

  /** True until {@link ask} was called. */
  get isFirstAfterBurst(): boolean {
    return !this.#isLate;
  }

  /** The bytes that come next, from the first wanted one on; undefined at the end, and of what is not there. */
  async next(): Promise<Piece | undefined> {
    const asked = this.#asked.shift();
    if (!asked || this.#given > this.#last) return undefined;
    const piece = await asked.piece;
    if (!piece) return undefined;
    this.#last = Math.min(this.#last, piece.size - 1);
    const bytes = piece.bytes.subarray(this.#given - asked.from, this.#last + 1 - asked.from);
    this.#given += bytes.length;
    return { bytes, size: piece.size };
  }

  #ask(bytes: number): void {
    const from = this.#next;
    const piece = this.#fetch(from, bytes);
    // What fails ahead is told when its turn comes, and not at all where the object ends before.
    piece.catch(() => undefined);
    this.#asked.push({ from, piece });
    this.#next += bytes;
  }
}
