import type { Depacketiser, RawUnit, TrackFormat } from './access-unit.js';

/** Bits of the fields ahead of each frame, from the description (RFC 3640 §4.1). */
export interface AacHeaders {
  sizeBits: number;
  indexBits: number;
  deltaBits: number;
}

/** AAC in RFC 3640's high bit rate mode: whole frames with their sizes ahead, or one frame over several packets. */
export class AacDepacketiser implements Depacketiser {
  torn = 0;
  readonly #format: TrackFormat;
  readonly #headers: AacHeaders;
  readonly #emit: (unit: RawUnit) => void;
  #afterLoss = false;
  /** A frame of which a part has come, and how long it will be. */
  #parts: { size: number; timestamp: number; chunks: Buffer[]; length: number } | undefined;

  constructor(format: TrackFormat, headers: AacHeaders, emit: (unit: RawUnit) => void) {
    this.#format = format;
    this.#headers = headers;
    this.#emit = emit;
  }

  packet(bytes: Buffer, from: number, to: number, timestamp: number, _marker: boolean, gap: boolean): void {
    if (gap) this.#afterLoss = true;
    if (gap && this.#parts) this.#tear();
    const sizes = this.#sizes(bytes, from, to);
    if (!sizes) {
      this.#tear();
      return;
    }
    const [first] = sizes.frames;
    if (sizes.frames.length === 1 && first! > to - sizes.end) {
      this.#part(bytes.subarray(sizes.end, to), first!, timestamp);
      return;
    }
    if (this.#parts) this.#tear();
    let at = sizes.end;
    for (const [index, size] of sizes.frames.entries()) {
      if (at + size > to) {
        this.#tear();
        return;
      }
      this.#give(bytes.subarray(at, at + size), (timestamp + index * this.#format.unitTicks) >>> 0);
      at += size;
    }
  }

  flush(): void {
    if (this.#parts) this.#tear();
  }

  /** Sizes of the frames, and where they begin; undefined if the headers make no sense. */
  #sizes(bytes: Buffer, from: number, to: number): { frames: number[]; end: number } | undefined {
    const { sizeBits, indexBits, deltaBits } = this.#headers;
    if (to - from < 4) return undefined;
    const headerBits = bytes.readUInt16BE(from);
    const end = from + 2 + Math.ceil(headerBits / 8);
    if (end > to) return undefined;
    const frames: number[] = [];
    for (let bit = 0; bit + sizeBits <= headerBits; ) {
      frames.push(bitsAt(bytes, from + 2, bit, sizeBits));
      const width = frames.length === 1 ? indexBits : deltaBits;
      // Interleaved frames, which no camera sends: their order would have to be restored.
      if (width > 0 && bitsAt(bytes, from + 2, bit + sizeBits, width) !== 0) return undefined;
      bit += sizeBits + width;
    }
    return frames.length > 0 && frames.every((size) => size > 0) ? { frames, end } : undefined;
  }

  #part(chunk: Buffer, size: number, timestamp: number): void {
    if (this.#parts && (this.#parts.timestamp !== timestamp || this.#parts.size !== size)) this.#tear();
    this.#parts ??= { size, timestamp, chunks: [], length: 0 };
    this.#parts.chunks.push(Buffer.from(chunk));
    this.#parts.length += chunk.length;
    if (this.#parts.length > size) this.#tear();
    else if (this.#parts.length === size) {
      const whole = Buffer.concat(this.#parts.chunks);
      this.#parts = undefined;
      this.#give(whole, timestamp);
    }
  }

  #give(data: Buffer, timestamp: number): void {
    this.#emit({ format: this.#format, timestamp, key: true, data, afterLoss: this.#afterLoss });
    this.#afterLoss = false;
  }

  #tear(): void {
    this.torn++;
    this.#parts = undefined;
    this.#afterLoss = true;
  }
}

function bitsAt(bytes: Buffer, base: number, bit: number, count: number): number {
  let value = 0;
  for (let at = bit; at < bit + count; at++)
    value = (value << 1) | (((bytes[base + (at >> 3)] ?? 0) >> (7 - (at & 7))) & 1);
  return value;
}
