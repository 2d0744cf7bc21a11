/** Pieces of memory for media on its way to the disk, all of one size; what was written is used again for what comes. */
export class Slabs {
  readonly #spare: Buffer[] = [];
  readonly #keep: number;

  /** At most `keep` unused pieces are kept; more are only taken while there is more to hold. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
  }

  give(slabs: readonly Buffer[]): void {
    for (const slab of slabs) if (this.#spare.length < this.#keep) this.#spare.push(slab);
  }
}

/** Small enough that a picture of a slow stream wastes little, large enough that a second of a fast one takes few. */
export const SLAB_BYTES = 65_536;

/** Bytes laid one behind the other in slabs. */
export class SlabWriter {
  readonly #slabs: Slabs;
  #taken: Buffer[] = [];
  /** Bytes in the last slab. */
  #filled = SLAB_BYTES;
  length = 0;

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
  }

  append(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.#filled === SLAB_BYTES) {
        this.#taken.push(this.#slabs.take());
        this.#filled = 0;
      }
      const copied = bytes.copy(this.#taken.at(-1)!, this.#filled, from);
      this.#filled += copied;
      from += copied;
    }
    this.length += bytes.length;
  }

  /** Hands over all there is: what to write, and what to give back to {@link Slabs} afterwards. */
  empty(): { parts: Buffer[]; slabs: Buffer[] } {
    const slabs = this.#taken;
    const parts = slabs.map((slab, index) => (index < slabs.length - 1 ? slab : slab.subarray(0, this.#filled)));
    this.#taken = [];
    this.#filled = SLAB_BYTES;
    this.length = 0;
    return { parts, slabs };
  }
}
