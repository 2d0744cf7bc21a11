import { nalType } from './annexb.js';

/** Bytes of RTP payload per packet: what fits an Ethernet frame, although over TCP more would be allowed. */
export const MAX_PAYLOAD = 1_400;

/** `$`, channel, length (RFC 2326 §10.12), then the fixed RTP header. */
const INTERLEAVE = 4;
const HEADER = INTERLEAVE + 12;

/** RTP payload types, as the session description assigns them. */
export const PAYLOAD_TYPE = { video: 96, audio: 97 } as const;

/**
 * The packets of one picture or audio frame as they go over TCP, with sequence number, timestamp, source and channel left
 * zero. Shared by every session that plays the clip, so it is never written to: {@link writePackets} copies it.
 */
export interface PacketBlock {
  bytes: Buffer;
  /** Where in `bytes` each packet's `$` stands. */
  starts: readonly number[];
  /** Payload bytes of all packets, as sender reports count them. */
  octets: number;
}

export interface PacketHeader {
  channel: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
}

/** Copies a block into `target` at `offset` under its own headers. Returns the offset after it. */
export function writePackets(block: PacketBlock, target: Buffer, offset: number, header: PacketHeader): number {
  block.bytes.copy(target, offset);
  for (const [index, start] of block.starts.entries()) {
    const at = offset + start;
    target[at + 1] = header.channel;
    target.writeUInt16BE((header.sequence + index) & 0xffff, at + 6);
    target.writeUInt32BE(header.timestamp, at + 8);
    target.writeUInt32BE(header.ssrc, at + 12);
  }
  return offset + block.bytes.length;
}

/** RFC 6184, packetisation mode 1: STAP-A for small neighbours, FU-A for what does not fit, one NAL unit otherwise. */
export function packetiseH264(nals: readonly Buffer[], maxPayload = MAX_PAYLOAD): PacketBlock {
  const payloads: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = () => {
    if (small.length === 1) payloads.push(small[0]!);
    else if (small.length > 1) payloads.push(aggregate(small));
    small = [];
  };
  for (const nal of nals) {
    if (small.length > 0 && aggregateSize([...small, nal]) > maxPayload) flush();
    if (nal.length <= maxPayload) small.push(nal);
    else payloads.push(...fragment(nal, maxPayload));
  }
  flush();
  return block(payloads, PAYLOAD_TYPE.video);
}

/** RFC 3640 AAC-hbr: one access unit, its 13-bit size and 3-bit index ahead. */
export function packetiseAac(frame: Buffer): PacketBlock {
  const head = Buffer.from([0, 16, frame.length >> 5, (frame.length & 0x1f) << 3]);
  return block([Buffer.concat([head, frame])], PAYLOAD_TYPE.audio);
}

const STAP_A = 24;
const FU_A = 28;

function aggregateSize(nals: readonly Buffer[]): number {
  return nals.reduce((sum, nal) => sum + 2 + nal.length, 1);
}

function aggregate(nals: readonly Buffer[]): Buffer {
  const importance = Math.max(...nals.map((nal) => nal[0]! & 0x60));
  const parts = nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]);
  return Buffer.concat([Buffer.from([importance | STAP_A]), ...parts]);
}

function fragment(nal: Buffer, maxPayload: number): Buffer[] {
  const indicator = (nal[0]! & 0xe0) | FU_A;
  const step = maxPayload - 2;
  const payloads: Buffer[] = [];
  for (let at = 1; at < nal.length; at += step) {
    const flags = (at === 1 ? 0x80 : 0) | (at + step >= nal.length ? 0x40 : 0);
    payloads.push(Buffer.concat([Buffer.from([indicator, flags | nalType(nal)]), nal.subarray(at, at + step)]));
  }
  return payloads;
}

function block(payloads: readonly Buffer[], payloadType: number): PacketBlock {
  const size = payloads.reduce((sum, payload) => sum + HEADER + payload.length, 0);
  const bytes = Buffer.alloc(size);
  const starts: number[] = [];
  let at = 0;
  for (const [index, payload] of payloads.entries()) {
    const marker = index === payloads.length - 1 ? 0x80 : 0;
    starts.push(at);
    bytes[at] = 0x24;
    bytes.writeUInt16BE(HEADER - INTERLEAVE + payload.length, at + 2);
    bytes[at + 4] = 0x80;
    bytes[at + 5] = marker | payloadType;
    payload.copy(bytes, at + HEADER);
    at += HEADER + payload.length;
  }
  return { bytes, starts, octets: size - HEADER * payloads.length };
}
