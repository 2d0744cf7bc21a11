import type { FileHandle } from 'node:fs/promises';
import type { Box } from './boxes.js';
import { unsupported } from './strict.js';

/** Headers between payloads up to so many bytes are read with them: that costs less than one more read. */
const MAX_BETWEEN = 65_536;

/** Reads the payloads of a fragmented file one behind the other, many in one read, and to where they are to be. */
export class PayloadReader {
  readonly #source: FileHandle;
  readonly #payloads: readonly Box[];
  readonly #between = Buffer.allocUnsafe(MAX_BETWEEN);
  #next = 0;
  /** In the file. */
  #at = 0;

  constructor(source: FileHandle, payloads: readonly Box[]) {
    this.#source = source;
    this.#payloads = payloads;
    this.#passEmpty();
  }

  get done(): boolean {
    return this.#next === this.#payloads.length;
  }

  /** Resolves with how many bytes of `into`, at least one, are filled now. Throws `media-unsupported` when the file became shorter. */
  async read(into: Buffer): Promise<number> {
    this.#at = Math.max(this.#at, this.#payloads[this.#next]!.body);
    const from = this.#at;
    const pieces: Buffer[] = [];
    let filled = 0;
    while (!this.done && filled < into.length) {
      const { body, end } = this.#payloads[this.#next]!;
      if (body - this.#at > MAX_BETWEEN) break;
      if (body > this.#at) pieces.push(this.#between.subarray(0, body - this.#at));
      const start = Math.max(body, this.#at);
      const length = Math.min(end - start, into.length - filled);
      pieces.push(into.subarray(filled, filled + length));
      filled += length;
      this.#at = start + length;
      if (this.#at === end) this.#next++;
      this.#passEmpty();
    }
    await readWhole(this.#source, pieces, from);
    return filled;
  }

  #passEmpty(): void {
    while (!this.done && this.#payloads[this.#next]!.body === this.#payloads[this.#next]!.end) this.#next++;
  }
}

/** Fills all pieces with what lies from `at` on. Throws `media-unsupported` when the file ends before. */
export async function readWhole(source: FileHandle, pieces: readonly Buffer[], at: number): Promise<void> {
  let place = at;
  let left = [...pieces];
  while (left.length > 0) {
    const { bytesRead } = await source.readv(left, place);
    if (bytesRead === 0) throw unsupported('the file became shorter');
    place += bytesRead;
    left = behind(left, bytesRead);
  }
}

function behind(pieces: readonly Buffer[], bytes: number): Buffer[] {
  const left: Buffer[] = [];
  let passed = bytes;
  for (const piece of pieces) {
    if (passed < piece.length) left.push(piece.subarray(passed));
    passed = Math.max(0, passed - piece.length);
  }
  return left;
}
