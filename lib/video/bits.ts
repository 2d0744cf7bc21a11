/** Reads the bits of a parameter set or slice header (ITU-T H.264 §7.3.1, §9.1; the same in H.265). */
export class Bits {
  readonly #bytes: Buffer;
  #at = 0;

  /** `from` is where the payload begins, behind the NAL unit's own header. */
  constructor(nal: Uint8Array, from: number) {
    this.#bytes = withoutEmulation(nal, from);
  }

  /** An unsigned number of at most 32 bits. Throws a RangeError rather than read past the end. */
  u(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++) value = value * 2 + this.#bit();
    return value;
  }

  flag(): boolean {
    return this.#bit() === 1;
  }

  skip(count: number): void {
    this.#at += count;
  }

  ue(): number {
    let zeros = 0;
    while (this.#bit() === 0) if (++zeros > 31) throw new RangeError('a number of more than 32 bits');
    return 2 ** zeros - 1 + this.u(zeros);
  }

  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) throw new RangeError('it is cut off');
    return (byte >> (7 - (this.#at++ & 7))) & 1;
  }
}

/** Encoders put a 3 between two zeros and a small byte, so that no start code appears (§7.4.1). */
function withoutEmulation(nal: Uint8Array, from: number): Buffer {
  const bytes = Buffer.allocUnsafe(nal.length - from);
  let length = 0;
  let zeros = 0;
  for (let at = from; at < nal.length; at++) {
    const byte = nal[at]!;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}
