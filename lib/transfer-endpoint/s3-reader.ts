import type { ObjectReader } from './object-store.js';

/** Gets the bytes from `first` to `last`, both included. */
export type FetchBlock = (first: number, last: number) => Promise<Uint8Array>;

/** SFTP clients ask for 32 kB at a time, many at once; S3 bills every request, so whole blocks are fetched. */
const BLOCK_BYTES = 4 * 2 ** 20;
const BLOCKS_KEPT = 3;

/** Reads an object in large blocks and keeps the last few. */
export class S3Reader implements ObjectReader {
  readonly bytes: number;
  readonly #fetch: FetchBlock;
  /** In order of use, the latest last. */
  readonly #blocks = new Map<number, Promise<Uint8Array>>();

  constructor(bytes: number, fetch: FetchBlock) {
    this.bytes = bytes;
    this.#fetch = fetch;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset >= this.bytes) return new Uint8Array();
    const index = Math.floor(offset / BLOCK_BYTES);
    const block = await this.#block(index);
    const start = offset - index * BLOCK_BYTES;
    return block.subarray(start, start + length);
  }

  async close(): Promise<void> {
    this.#blocks.clear();
  }

  #block(index: number): Promise<Uint8Array> {
    const first = index * BLOCK_BYTES;
    const block = this.#blocks.get(index) ?? this.#fetch(first, Math.min(first + BLOCK_BYTES, this.bytes) - 1);
    this.#blocks.delete(index);
    this.#blocks.set(index, block);
    // A failed block is asked for again.
    block.catch(() => this.#blocks.delete(index));
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_KEPT) break;
      this.#blocks.delete(oldest);
    }
    return block;
  }
}
