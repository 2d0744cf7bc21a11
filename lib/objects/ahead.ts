import type { Piece } from './piece-cache.js';

/**
 * What a connection that lay still delivers within one round trip: it begins anew with ten packets, 14 kB with the headers of the
 * reply, and doubles with each. Many pieces over many connections arrive while one would still be learning how fast the line is
 * (docs/scale.md).
 */
export const PIECE = 12 * 1024;
/** Under way at once after a jump. More than the queue of a line of 25 Mbit/s holds would be lost, and waited for much longer. */
const WINDOW = 16;
/** Who reads on gets larger parts, because each request costs. */
const PART = 4;
/** Of those, under way at once: more and more while one reads on, for what is under way when somebody jumps is in the way. */
const [FEWEST_PARTS, MOST_PARTS] = [2, 6];
/** One more for each of so many bytes. */
const BYTES_FOR_A_PART = 2 * 1024 * 1024;

interface Wanted {
  start: number;
  /** How many bytes are wanted as soon as can be. */
  burst: number;
  /** Its last byte, as far as anybody knows. */
  end: number;
}

/** Asks for so many pieces from a place on; one promise for each. */
export type FetchPieces = (from: number, pieces: number) => Promise<Piece | undefined>[];

/** What one reader of an object is going to want, asked for before it does. */
export class Ahead {
  readonly #start: number;
  readonly #fetch: FetchPieces;
  readonly #asked: Promise<Piece | undefined>[] = [];
  #burst: number;
  #last: number;
  /** From here on nothing is asked for yet. */
  #next: number;
  /** Up to here everything was given. */
  #given: number;

  constructor({ start, burst, end }: Wanted, fetch: FetchPieces) {
    this.#start = start;
    this.#last = end;
    this.#burst = Math.min(start + burst, end + 1);
    // Whoever reads the same a little later or sooner shares the pieces.
    this.#next = start - (start % PIECE);
    this.#given = start;
    this.#fetch = fetch;
    this.#hurry();
  }

  get isBurstOver(): boolean {
    return this.#given >= Math.min(this.#burst, this.#last + 1);
  }

  /** The burst goes on up to `end`. */
  extend(end: number): void {
    this.#burst = Math.max(this.#burst, Math.min(end, this.#last + 1));
    this.#hurry();
  }

  /** Beyond the burst: as much as is due to who has read so far. */
  readOn(): void {
    const parts = FEWEST_PARTS + Math.floor((this.#given - this.#start) / BYTES_FOR_A_PART);
    const most = Math.min(parts, MOST_PARTS) * PART;
    while (this.#next <= this.#last && this.#asked.length + PART <= most) this.#ask(PART);
  }

  /** The bytes that come next, from the first wanted one on; undefined at the end, and of what is not there. */
  async next(): Promise<Piece | undefined> {
    const from = this.#next - this.#asked.length * PIECE;
    const asked = this.#asked.shift();
    if (!asked || this.#given > this.#last) return undefined;
    const piece = await asked;
    if (!piece) return undefined;
    this.#last = Math.min(this.#last, piece.size - 1);
    const bytes = piece.bytes.subarray(this.#given - from, this.#last + 1 - from);
    this.#given += bytes.length;
    this.#hurry();
    return { bytes, size: piece.size };
  }

  #hurry(): void {
    while (this.#next < this.#burst && this.#asked.length < WINDOW) this.#ask(1);
  }

  #ask(pieces: number): void {
    const asked = this.#fetch(this.#next, pieces);
    // What fails ahead is told when its turn comes, and not at all where the object ends before.
    for (const piece of asked) piece.catch(() => undefined);
    this.#asked.push(...asked);
    this.#next += pieces * PIECE;
  }
}
