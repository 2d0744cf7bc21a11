import { bodyLength, headEnd, MAX_HEAD, mayBeMessage, parseHead, type RtspMessage } from './message.js';

const DOLLAR = 0x24;
const LF = 10;
const CR = 13;
const HEADER = 4;

/** Bytes a packet may have with its header, and what a message may need besides. */
const CARRY = 65_536 + HEADER;

/** Receives what is whole. Packets are views of the reader's memory: valid during the call only. */
export interface InterleavedSink {
  packet(channel: number, bytes: Buffer, from: number, to: number): void;
  message(message: RtspMessage): void;
}

/**
 * Takes an RTSP connection's bytes apart, packets (RFC 2326 §10.12) and messages, straight from the chunks the socket
 * gives; only what straddles two chunks is copied.
 *
 * Some cameras send a wrong length, or the rest of a packet they cut short: what is neither packet nor message is skipped up to
 * the next thing that surely is one, and counted.
 */
export class InterleavedReader {
  /** Bytes that were neither packet nor message. */
  garbage = 0;
  readonly #sink: InterleavedSink;
  /** Channels in use: after garbage, nothing on another one is believed. */
  readonly #channels = new Set<number>();
  #carry: Buffer = Buffer.alloc(0);
  #held = 0;
  #lost = false;

  constructor(sink: InterleavedSink) {
    this.#sink = sink;
  }

  use(channel: number): void {
    this.#channels.add(channel);
  }

  /** Throws a RangeError on a message nobody could mean (a body of gigabytes). */
  push(chunk: Buffer, length = chunk.length): void {
    const from = this.#held > 0 ? this.#complete(chunk, length) : 0;
    if (from >= length) return;
    this.#hold(chunk, this.#consume(chunk, from, length), length);
  }

  /** Adds to what is held until that is whole; returns how far the chunk was used up. */
  #complete(chunk: Buffer, length: number): number {
    let from = 0;
    while (this.#held > 0 && from < length) {
      // Of a packet, only its own bytes: whatever follows it is read from the chunk.
      const wanted = this.#carry[0] === DOLLAR && !this.#lost ? this.#packetLength() - this.#held : length - from;
      const to = Math.min(length, from + wanted);
      this.#append(chunk, from, to);
      from = to;
      const used = this.#consume(this.#carry, 0, this.#held);
      this.#carry.copyWithin(0, used, this.#held);
      this.#held -= used;
    }
    return from;
  }

  #packetLength(): number {
    return this.#held < HEADER ? HEADER : HEADER + this.#carry.readUInt16BE(2);
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    if (from < to) this.#append(chunk, from, to);
  }

  #append(chunk: Buffer, from: number, to: number): void {
    const size = this.#held + to - from;
    if (size > this.#carry.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(CARRY, size));
      this.#carry.copy(larger, 0, 0, this.#held);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#held, from, to);
    this.#held = size;
  }

  /** Hands on all that is whole; returns where the rest begins. */
  #consume(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const first = bytes[at]!;
      let end: number | undefined;
      if (this.#lost) end = this.#resync(bytes, at, to);
      else if (first === DOLLAR) end = this.#packet(bytes, at, to);
      // Some servers put empty lines between messages.
      else if (first === CR || first === LF) end = at + 1;
      else end = this.#message(bytes, at, to);
      if (end === undefined) return at;
      at = end;
    }
    return at;
  }

  #packet(bytes: Buffer, at: number, to: number): number | undefined {
    if (to - at < HEADER) return undefined;
    const end = at + HEADER + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    if (end > to) return undefined;
    this.#sink.packet(bytes[at + 1]!, bytes, at + HEADER, end);
    return end;
  }

  #message(bytes: Buffer, at: number, to: number): number | undefined {
    if (!mayBeMessage(bytes, at, to)) return this.#skip(at);
    const body = headEnd(bytes, at, to);
    if (body === undefined) return to - at >= MAX_HEAD ? this.#skip(at) : undefined;
    const head = parseHead(bytes.toString('latin1', at, body));
    if (!head) return this.#skip(at);
    const end = body + bodyLength(head.headers);
    if (end > to) return undefined;
    this.#sink.message({ ...head, body: bytes.toString('utf8', body, end) });
    return end;
  }

  #skip(at: number): number {
    this.#lost = true;
    this.garbage++;
    return at + 1;
  }

  /** Returns where something begins that can hardly be anything else. */
  #resync(bytes: Buffer, from: number, to: number): number | undefined {
    for (let at = from; at < to; at++, this.garbage++) {
      const first = bytes[at]!;
      if (first !== DOLLAR && first !== 0x52) continue;
      // Both marks are judged by eight bytes.
      if (to - at < 8) return at === from ? undefined : at;
      if (!this.#isPacket(bytes, at) && bytes.toString('latin1', at, at + 7) !== 'RTSP/1.') continue;
      this.#lost = false;
      return at;
    }
    return to;
  }

  /** An RTP or RTCP packet of version 2 on a channel of ours. */
  #isPacket(bytes: Buffer, at: number): boolean {
    return bytes[at] === DOLLAR && this.#channels.has(bytes[at + 1]!) && bytes[at + 4]! >> 6 === 2;
  }
}
