import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Clip } from '../../../lib/simulator/clip.js';

/** A clip without an encoder: right structure, meaningless pictures. 24 pictures at 15 fps, 25 audio frames: 1.6 s. */
export function syntheticClip(pictureBytes = 3_000): Clip {
  const nal = (type: number, size: number, fill: number) =>
    Buffer.concat([Buffer.from([0x60 | type, 0x80]), Buffer.alloc(size, fill)]);
  const [sps, pps] = [Buffer.from('6764001facd9', 'hex'), Buffer.from('68ebe3cb', 'hex')];
  return {
    spec: {
      ...{ title: 'test', variant: 0, width: 320, height: 180, fps: 15, loopMs: 1_600, noise: 0 },
      ...{ rate: 'capped', rateBps: 1, gopFrames: 12 },
    },
    video: Array.from({ length: 24 }, (_, index) => {
      const key = index % 12 === 0;
      return { key, nals: key ? [sps, pps, nal(5, pictureBytes, index + 1)] : [nal(1, pictureBytes, index + 1)] };
    }),
    sps,
    pps,
    audio: {
      sampleRate: 16_000,
      channels: 1,
      config: Buffer.from([0x14, 0x08]),
      frames: Array.from({ length: 25 }, (_, index) => Buffer.alloc(200, index + 1)),
    },
    snapshots: [Buffer.from([0xff, 0xd8, 0xff, 0xd9])],
    motion: [],
  };
}

/** One RTP packet, taken apart. */
export interface Packet {
  marker: boolean;
  type: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
}

export function parsePacket(bytes: Buffer): Packet {
  return {
    marker: (bytes[1]! & 0x80) !== 0,
    type: bytes[1]! & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(12),
  };
}

/** Splits interleaved bytes into frames; what is incomplete at the end stays in `rest`. */
export function splitInterleaved(bytes: Buffer): { frames: { channel: number; data: Buffer }[]; rest: Buffer } {
  const frames: { channel: number; data: Buffer }[] = [];
  let at = 0;
  while (bytes.length - at >= 4 && bytes[at] === 0x24) {
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) break;
    frames.push({ channel: bytes[at + 1]!, data: bytes.subarray(at + 4, end) });
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** RFC 6184 the other way round, written from the RFC and not from the packetiser. */
export function depacketiseH264(payloads: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  let open = false;
  for (const payload of payloads) {
    const type = payload[0]! & 0x1f;
    const starts = type !== 28 || (payload[1]! & 0x80) !== 0;
    if (starts === open) throw new Error(open ? 'a fragmented NAL unit has no end' : 'a fragment without a beginning');
    open = type === 28 && (payload[1]! & 0x40) === 0;
    if (type < 24) nals.push(payload);
    else if (type === 24) {
      for (let at = 1; at < payload.length; ) {
        const size = payload.readUInt16BE(at);
        nals.push(payload.subarray(at + 2, at + 2 + size));
        at += 2 + size;
      }
    } else if (type === 28) {
      const header = Buffer.from([(payload[0]! & 0xe0) | (payload[1]! & 0x1f)]);
      if (starts) nals.push(Buffer.concat([header, payload.subarray(2)]));
      else nals.push(Buffer.concat([nals.pop()!, payload.subarray(2)]));
    } else throw new Error(`unexpected payload type ${type}`);
  }
  if (open) throw new Error('the last NAL unit has no end');
  return nals;
}

/** RFC 7798 the other way round, for streams in the lowest layer, written from the RFC and not from the packetiser. */
export function depacketiseH265(payloads: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  let open = false;
  for (const payload of payloads) {
    const type = (payload[0]! >> 1) & 0x3f;
    if ((payload[1]! & 7) === 0) throw new Error('a temporal id plus one of nought');
    const starts = type !== 49 || (payload[2]! & 0x80) !== 0;
    if (starts === open) throw new Error(open ? 'a fragmented NAL unit has no end' : 'a fragment without a beginning');
    open = type === 49 && (payload[2]! & 0x40) === 0;
    if (type < 48) nals.push(payload);
    else if (type === 48) {
      for (let at = 2; at < payload.length; ) {
        const size = payload.readUInt16BE(at);
        nals.push(payload.subarray(at + 2, at + 2 + size));
        at += 2 + size;
      }
    } else if (type === 49) {
      const header = Buffer.from([(payload[0]! & 0x81) | ((payload[2]! & 0x3f) << 1), payload[1]!]);
      if (starts) nals.push(Buffer.concat([header, payload.subarray(3)]));
      else nals.push(Buffer.concat([nals.pop()!, payload.subarray(3)]));
    } else throw new Error(`unexpected payload type ${type}`);
  }
  if (open) throw new Error('the last NAL unit has no end');
  return nals;
}

/** A small RTSP client over one socket, independent of the server's code. */
export class RtspClient {
  readonly frames: { channel: number; data: Buffer }[] = [];
  closed = false;
  #pending: Buffer = Buffer.alloc(0);
  #sequence = 0;
  #replies: ((reply: Reply) => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => {
      this.closed = true;
    });
  }

  static async open(port: number): Promise<RtspClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RtspClient(socket);
  }

  /** Packets of one channel so far. */
  packets(channel: number): Packet[] {
    return this.frames.filter((frame) => frame.channel === channel).map(({ data }) => parsePacket(data));
  }

  /** Payloads of one channel so far, up to the end of the last whole picture. */
  payloads(channel: number): Buffer[] {
    const packets = this.packets(channel);
    return packets.slice(0, packets.findLastIndex(({ marker }) => marker) + 1).map(({ payload }) => payload);
  }

  async request(method: string, uri: string, headers: Record<string, string> = {}): Promise<Reply> {
    const reply = new Promise<Reply>((resolve) => this.#replies.push(resolve));
    const lines = [`${method} ${uri} RTSP/1.0`, `CSeq: ${++this.#sequence}`];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    return await reply;
  }

  /** Asks once to be challenged, then again with the answer. */
  async signed(
    method: string,
    uri: string,
    [user, password]: [string, string],
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const first = await this.request(method, uri, headers);
    const line = first.headers['www-authenticate'] ?? '';
    const [realm, nonce] = [/realm="([^"]*)"/.exec(line)![1]!, /nonce="([^"]*)"/.exec(line)![1]!];
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const response = md5(`${md5(`${user}:${realm}:${password}`)}:${nonce}:${md5(`${method}:${uri}`)}`);
    const authorization = `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}"`;
    return await this.request(method, uri, { ...headers, Authorization: authorization });
  }

  /** SETUP of both tracks and PLAY. */
  async play(uri: string, account: [string, string]): Promise<Reply> {
    const video = await this.signed('SETUP', `${uri}/track1`, account, {
      Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1',
    });
    const session = { Session: video.headers.session!.split(';')[0]! };
    await this.signed('SETUP', `${uri}/track2`, account, {
      ...session,
      Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3',
    });
    return await this.signed('PLAY', uri, account, session);
  }

  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const { frames, rest } = splitInterleaved(this.#pending);
      this.frames.push(...frames);
      this.#pending = rest;
      const end = rest.indexOf('\r\n\r\n');
      if (rest.length === 0 || rest[0] === 0x24 || end < 0) return;
      const [first, ...lines] = rest.toString('latin1', 0, end).split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      const length = Number(headers['content-length'] ?? 0);
      if (rest.length < end + 4 + length) return;
      const body = rest.toString('utf8', end + 4, end + 4 + length);
      this.#pending = rest.subarray(end + 4 + length);
      this.#replies.shift()?.({ status: Number(first!.split(' ')[1]), headers, body });
    }
  }
}
