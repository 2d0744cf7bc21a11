import { H264, hasRecoveryPoint, isIntraSlice } from '../video/h264.js';
import type { Depacketiser, RawUnit } from './access-unit.js';
import { type NalRules, NalUnits, type Sets } from './nal-units.js';

const STAP_A = 24;
const FU_A = 28;

const RULES: NalRules = {
  isSlice: (type) => type >= H264.slice && type <= H264.idr,
  isPrefix: (type) => type >= H264.sei && type <= H264.delimiter,
  isSet: (type) => type === H264.sps || type === H264.pps,
  isKey: (type, nal, recovery) => type === H264.idr || (recovery && isIntraSlice(nal)),
  isRecovery: (type, nal) => type === H264.sei && hasRecoveryPoint(nal),
};

/** RFC 6184, packetisation modes 0 and 1: single NAL units, STAP-A, FU-A. */
export class H264Depacketiser implements Depacketiser {
  readonly #units: NalUnits;

  constructor(sets: Sets, emit: (unit: RawUnit) => void, prompt = false) {
    this.#units = new NalUnits(RULES, sets, emit, prompt);
  }

  get torn(): number {
    return this.#units.torn;
  }

  packet(bytes: Buffer, from: number, to: number, timestamp: number, marker: boolean, gap: boolean): void {
    this.#units.begin(timestamp, gap);
    if (from < to) this.#read(bytes, from, to);
    this.#units.end(marker);
  }

  flush(): void {
    this.#units.flush();
  }

  #read(bytes: Buffer, from: number, to: number): void {
    const type = bytes[from]! & 0x1f;
    if (type === FU_A) this.#fragment(bytes, from, to);
    else if (type > 0 && type < STAP_A) this.#units.whole(bytes, from, to, type, isFirst(bytes, from + 1, to));
    else if (type === STAP_A) this.#aggregate(bytes, from + 1, to);
    else this.#units.broken();
  }

  #aggregate(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const start = at + 2;
      const end = start + ((bytes[at]! << 8) | (bytes[at + 1] ?? 0));
      if (end > to || end === start) {
        this.#units.broken();
        return;
      }
      this.#units.whole(bytes, start, end, bytes[start]! & 0x1f, isFirst(bytes, start + 1, end));
      at = end;
    }
  }

  #fragment(bytes: Buffer, from: number, to: number): void {
    if (to - from < 3) {
      this.#units.broken();
      return;
    }
    const indicator = bytes[from]!;
    const header = bytes[from + 1]!;
    const type = header & 0x1f;
    const first = (header & 0x80) !== 0;
    const last = (header & 0x40) !== 0;
    const payload = from + 2;
    if (!first) {
      this.#units.more(bytes, payload, to, type, last);
      return;
    }
    // A whole NAL unit in one fragment is against the RFC, and some cameras send it.
    this.#units.open([(indicator & 0xe0) | type], bytes, payload, to, type, isFirst(bytes, payload, to));
    if (last) this.#units.more(bytes, to, to, type, true);
  }
}

/** `first_mb_in_slice` of 0 is the single bit 1 (ITU-T H.264 §7.3.3). */
function isFirst(bytes: Buffer, at: number, to: number): boolean {
  return at < to && (bytes[at]! & 0x80) !== 0;
}
