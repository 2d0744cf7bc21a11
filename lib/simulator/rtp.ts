import { hevcNalType, nalType } from './annexb.js';
import type { VideoCodec } from './device-settings.js';

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

/** How a codec puts several NAL units into one packet, and one into several. */
interface Payloads {
  /** Bytes of a NAL unit's own header: the first of an aggregate too. */
  headerBytes: number;
  /** The header of an aggregate of these. */
  aggregate(nals: readonly Buffer[]): Buffer;
  /** What goes ahead of each fragment of this one. */
  fragment(nal: Buffer, isFirst: boolean, isLast: boolean): Buffer;
}

/** RFC 6184, packetisation mode 1: STAP-A and FU-A. */
const H264: Payloads = {
  headerBytes: 1,
  aggregate: (nals) => Buffer.from([Math.max(...nals.map((nal) => nal[0]! & 0x60)) | STAP_A]),
  fragment: (nal, isFirst, isLast) => Buffer.from([(nal[0]! & 0xe0) | FU_A, edges(isFirst, isLast) | nalType(nal)]),
};

/** RFC 7798: AP and FU. The layer and the temporal layer are those of the NAL units, and those are always the lowest. */
const H265: Payloads = {
  headerBytes: 2,
  aggregate: () => Buffer.from([AP << 1, 1]),
  fragment: (nal, isFirst, isLast) =>
    Buffer.from([(nal[0]! & 0x81) | (FU << 1), nal[1]!, edges(isFirst, isLast) | hevcNalType(nal)]),
};

/** Small neighbours together, what does not fit in pieces, one NAL unit otherwise. */
export function packetiseVideo(nals: readonly Buffer[], codec: VideoCodec, maxPayload = MAX_PAYLOAD): PacketBlock {
  const kind = codec === 'H264' ? H264 : H265;
  const payloads: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = () => {
    if (small.length === 1) payloads.push(small[0]!);
    else if (small.length > 1) payloads.push(aggregate(small, kind));
    small = [];
  };
  for (const nal of nals) {
    if (small.length > 0 && aggregateSize([...small, nal], kind) > maxPayload) flush();
    if (nal.length <= maxPayload) small.push(nal);
    else payloads.push(...fragment(nal, maxPayload, kind));
  }
  flush();
  return block(payloads, PAYLOAD_TYPE.video);
}

export function packetiseH264(nals: readonly Buffer[], maxPayload = MAX_PAYLOAD): PacketBlock {
  return packetiseVideo(nals, 'H264', maxPayload);
}

/** RFC 3640 AAC-hbr: one access unit, its 13-bit size and 3-bit index ahead. */
export function packetiseAac(frame: Buffer): PacketBlock {
  const head = Buffer.from([0, 16, frame.length >> 5, (frame.length & 0x1f) << 3]);
  return block([Buffer.concat([head, frame])], PAYLOAD_TYPE.audio);
}

const [STAP_A, FU_A] = [24, 28];
const [AP, FU] = [48, 49];

function edges(isFirst: boolean, isLast: boolean): number {
  return (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0);
}

function aggregateSize(nals: readonly Buffer[], { headerBytes }: Payloads): number {
  return nals.reduce((sum, nal) => sum + 2 + nal.length, headerBytes);
}

function aggregate(nals: readonly Buffer[], kind: Payloads): Buffer {
  const parts = nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]);
  return Buffer.concat([kind.aggregate(nals), ...parts]);
}

/** The NAL unit's header is not repeated: each fragment's own says what was in it. */
function fragment(nal: Buffer, maxPayload: number, kind: Payloads): Buffer[] {
  const step = maxPayload - kind.fragment(nal, true, true).length;
  const payloads: Buffer[] = [];
  for (let at = kind.headerBytes; at < nal.length; at += step) {
    const head = kind.fragment(nal, at === kind.headerBytes, at + step >= nal.length);
    payloads.push(Buffer.concat([head, nal.subarray(at, at + step)]));
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
