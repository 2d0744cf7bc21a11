/** A 4K keyframe at the best quality has a few megabytes; what is larger than this never ends. */
const MAX_UNIT = 16 * 2 ** 20;

/** The bytes of one access unit while its packets come in; used again for the next. */
export class UnitBuffer {
  bytes = Buffer.allocUnsafeSlow(65_536);
  length = 0;

  /** Throws a RangeError when the unit becomes larger than any can be. */
  append(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.bytes.set(source.subarray(from, to), this.length);
    this.length += to - from;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Room for the length of a NAL unit; returns where it stands, for {@link setLength}. */
  beginLength(): number {
    this.#reserve(4);
    this.length += 4;
    return this.length - 4;
  }

  /** Everything behind `at` is one NAL unit. */
  setLength(at: number): void {
    this.bytes.writeUInt32BE(this.length - at - 4, at);
  }

  #reserve(more: number): void {
    const size = this.length + more;
    if (size <= this.bytes.length) return;
    if (size > MAX_UNIT) throw new RangeError(`a picture of more than ${MAX_UNIT / 2 ** 20} MiB`);
    const larger = Buffer.allocUnsafeSlow(Math.min(MAX_UNIT, 2 ** Math.ceil(Math.log2(size))));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
