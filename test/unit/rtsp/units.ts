import type { Depacketiser, RawUnit, TrackFormat } from '../../../lib/rtsp/access-unit.js';
import { H264Depacketiser } from '../../../lib/rtsp/h264.js';
import { H265Depacketiser } from '../../../lib/rtsp/h265.js';

export const VIDEO: TrackFormat = {
  ...{ kind: 'video', timescale: 90_000, entry: Buffer.from('video') },
  ...{ width: 640, height: 360, unitTicks: 0 },
};
export const SOUND: TrackFormat = {
  ...{ kind: 'audio', timescale: 16_000, entry: Buffer.from('sound') },
  ...{ width: 0, height: 0, unitTicks: 1_024 },
};

/** A NAL unit of H.264: `first` is the slice's bit that says it begins a picture. */
export function nal(type: number, { first = true, bytes = 4, fill = type } = {}): Buffer {
  return Buffer.concat([Buffer.from([0x60 | type, first ? 0x88 : 0x48]), Buffer.alloc(bytes, fill)]);
}

export function nal265(type: number, { first = true, bytes = 4, fill = type } = {}): Buffer {
  return Buffer.concat([Buffer.from([type << 1, 1, first ? 0xac : 0x2c]), Buffer.alloc(bytes, fill)]);
}

/** The same cut in pieces (FU-A). */
export function fragments(whole: Buffer, size = 3): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 1; at < whole.length; at += size) {
    const edges = (at === 1 ? 0x80 : 0) | (at + size >= whole.length ? 0x40 : 0);
    const head = Buffer.from([(whole[0]! & 0xe0) | 28, edges | (whole[0]! & 0x1f)]);
    pieces.push(Buffer.concat([head, whole.subarray(at, at + size)]));
  }
  return pieces;
}

export function together(...nals: Buffer[]): Buffer {
  const parts = nals.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 0xff]), one]);
  return Buffer.concat([Buffer.from([0x78]), ...parts]);
}

/** What came out: NAL units of each picture without their lengths, and what is said of it. */
export interface Picture {
  timestamp: number;
  key: boolean;
  afterLoss: boolean;
  nals: Buffer[];
}

export class Pictures {
  readonly found: Picture[] = [];
  readonly noted: Buffer[] = [];
  readonly depacketiser: Depacketiser;

  constructor(codec: 'H264' | 'H265' = 'H264', prompt = false) {
    const noted = this.noted;
    const sets = { note: (set: Buffer) => noted.push(Buffer.from(set)), format: VIDEO };
    const take = (unit: RawUnit) => this.#take(unit);
    this.depacketiser =
      codec === 'H264' ? new H264Depacketiser(sets, take, prompt) : new H265Depacketiser(sets, take, prompt);
  }

  /** The packets of one moment, in their order; the last has the marker unless said otherwise. */
  send(timestamp: number, payloads: readonly Buffer[], { marker = true, gapBefore = -1, markAll = false } = {}): this {
    for (const [index, payload] of payloads.entries()) {
      const last = marker && index === payloads.length - 1;
      // Somewhere in a larger chunk, as it comes from the socket.
      const bytes = Buffer.concat([Buffer.alloc(5, 0xee), payload, Buffer.alloc(3, 0xee)]);
      this.depacketiser.packet(bytes, 5, 5 + payload.length, timestamp, last || markAll, index === gapBefore);
    }
    return this;
  }

  end(): this {
    this.depacketiser.flush();
    return this;
  }

  get times(): number[] {
    return this.found.map(({ timestamp }) => timestamp);
  }

  #take({ timestamp, key, afterLoss, data }: RawUnit): void {
    const nals: Buffer[] = [];
    for (let at = 0; at < data.length; ) {
      const end = at + 4 + data.readUInt32BE(at);
      nals.push(Buffer.from(data.subarray(at + 4, end)));
      at = end;
    }
    this.found.push({ timestamp, key, afterLoss, nals });
  }
}
