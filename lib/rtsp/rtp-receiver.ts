import type { Depacketiser } from './access-unit.js';

const HEADER = 12;

/** A packet this many behind the newest is late; one that is further away belongs to a new numbering (RFC 3550 A.1). */
const MAX_LATE = 100;
const MAX_AHEAD = 3_000;

/** What a receiver report says of one source (RFC 3550 §6.4.2). */
export interface Reception {
  ssrc: number;
  highest: number;
  lost: number;
}

/** Reads the packets of one track (RFC 3550 §5.1) and watches their numbers. */
export class RtpReceiver {
  /** Packets that never came. Over TCP that means the camera left them out. */
  lost = 0;
  /** Packets that came after ones with higher numbers, or twice: they are left out. */
  late = 0;
  /** Told of each packet that says when its picture was recorded, before what it holds is given. */
  onRecorded: ((timestamp: number, wallMs: number) => void) | undefined;
  readonly #payloadType: number;
  readonly #depacketiser: Depacketiser;
  #ssrc: number | undefined;
  #next = -1;
  #cycles = 0;
  #restart = -1;

  constructor(payloadType: number, depacketiser: Depacketiser) {
    this.#payloadType = payloadType;
    this.#depacketiser = depacketiser;
  }

  /** False if this is no packet of the track. */
  packet(bytes: Buffer, from: number, to: number): boolean {
    if (to - from < HEADER || bytes[from]! >> 6 !== 2) return false;
    const second = bytes[from + 1]!;
    if ((second & 0x7f) !== this.#payloadType) return false;
    const payload = payloadStart(bytes, from);
    const end = bytes[from]! & 0x20 ? to - bytes[to - 1]! : to;
    if (payload > end) return false;
    const missing = this.#missing((bytes[from + 2]! << 8) | bytes[from + 3]!, bytes.readUInt32BE(from + 8));
    if (missing === undefined) return true;
    const timestamp = bytes.readUInt32BE(from + 4);
    if (this.onRecorded && bytes[from]! & 0x10) {
      const wallMs = recordedAt(bytes, from + HEADER + (bytes[from]! & 0x0f) * 4, payload);
      if (wallMs !== undefined) this.onRecorded(timestamp, wallMs);
    }
    this.#depacketiser.packet(bytes, payload, end, timestamp, (second & 0x80) !== 0, missing > 0);
    return true;
  }

  get reception(): Reception | undefined {
    if (this.#ssrc === undefined) return undefined;
    const highest = (this.#cycles * 65_536 + ((this.#next - 1) & 0xffff)) >>> 0;
    return { ssrc: this.#ssrc, highest, lost: this.lost };
  }

  /** How many packets are missing before this one; undefined if it comes too late to be of use. */
  #missing(sequence: number, ssrc: number): number | undefined {
    const ahead = this.#next < 0 ? 0 : (sequence - this.#next) & 0xffff;
    if (ssrc !== this.#ssrc || (ahead >= 0x8000 && sequence === this.#restart)) return this.#begin(sequence, ssrc);
    if (ahead >= 0x8000) {
      // Two in a row that are far off: the camera began to count anew.
      this.#restart = 0x10000 - ahead > MAX_LATE ? (sequence + 1) & 0xffff : -1;
      this.late++;
      return undefined;
    }
    if (sequence < this.#next) this.#cycles++;
    this.#next = (sequence + 1) & 0xffff;
    if (this.#next === 0) this.#cycles++;
    this.#restart = -1;
    // How many it were that a new numbering left out, nobody knows.
    this.lost += ahead > MAX_AHEAD ? 1 : ahead;
    return ahead;
  }

  /** The first packet of a source; of a second one, whatever the first left unfinished is lost. */
  #begin(sequence: number, ssrc: number): number {
    const another = this.#ssrc !== undefined;
    this.#ssrc = ssrc;
    this.#next = (sequence + 1) & 0xffff;
    this.#restart = -1;
    return another ? 1 : 0;
  }
}

/** Behind the contributing sources and the extension. */
function payloadStart(bytes: Buffer, from: number): number {
  const first = bytes[from]!;
  const at = from + HEADER + (first & 0x0f) * 4;
  if (!(first & 0x10)) return at;
  return at + 4 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) * 4;
}

/** ONVIF Streaming §6.3: the NTP time in the header extension of what is played from a recording. */
const REPLAY_PROFILE = 0xabac;
const NTP_1970 = 2_208_988_800;

function recordedAt(bytes: Buffer, at: number, end: number): number | undefined {
  if (at + 16 > end || bytes.readUInt16BE(at) !== REPLAY_PROFILE || bytes.readUInt16BE(at + 2) < 3) return undefined;
  const seconds = bytes.readUInt32BE(at + 4) - NTP_1970;
  return (seconds + bytes.readUInt32BE(at + 8) / 2 ** 32) * 1000;
}
