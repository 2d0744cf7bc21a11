import { H265 } from '../video/h265.js';
import type { Depacketiser, RawUnit } from './access-unit.js';
import { type NalRules, NalUnits, type Sets } from './nal-units.js';

const AP = 48;
const FU = 49;
const PACI = 50;
const PREFIX_SEI = 39;

const RULES: NalRules = {
  isSlice: (type) => type < H265.firstNonSlice,
  isPrefix: (type) => (type >= H265.vps && type <= H265.delimiter) || type === PREFIX_SEI,
  isSet: (type) => type >= H265.vps && type <= H265.pps,
  isKey: (type) => type >= H265.firstKey && type <= H265.lastKey,
  isRecovery: () => false,
};

/** RFC 7798 without decoding order numbers: single NAL units, aggregation packets, fragmentation units. */
export class H265Depacketiser implements Depacketiser {
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
    const type = typeAt(bytes, from);
    if (to - from < 3 || type >= PACI) {
      this.#units.broken();
      return;
    }
    if (type === FU) this.#fragment(bytes, from, to);
    else if (type === AP) this.#aggregate(bytes, from + 2, to);
    else this.#units.whole(bytes, from, to, type, isFirst(bytes, from + 2, to));
  }

  #aggregate(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to; ) {
      const start = at + 2;
      const end = start + ((bytes[at]! << 8) | (bytes[at + 1] ?? 0));
      if (end > to || end < start + 2) {
        this.#units.broken();
        return;
      }
      this.#units.whole(bytes, start, end, typeAt(bytes, start), isFirst(bytes, start + 2, end));
      at = end;
    }
  }

  #fragment(bytes: Buffer, from: number, to: number): void {
    if (to - from < 4) {
      this.#units.broken();
      return;
    }
    const header = bytes[from + 2]!;
    const type = header & 0x3f;
    const first = (header & 0x80) !== 0;
    const last = (header & 0x40) !== 0;
    const payload = from + 3;
    if (!first) {
      this.#units.more(bytes, payload, to, type, last);
      return;
    }
    const own = [(bytes[from]! & 0x81) | (type << 1), bytes[from + 1]!];
    this.#units.open(own, bytes, payload, to, type, isFirst(bytes, payload, to));
    if (last) this.#units.more(bytes, to, to, type, true);
  }
}

function typeAt(bytes: Buffer, at: number): number {
  return (bytes[at]! >> 1) & 0x3f;
}

/** `first_slice_segment_in_pic_flag` (ITU-T H.265 §7.3.6.1). */
function isFirst(bytes: Buffer, at: number, to: number): boolean {
  return at < to && (bytes[at]! & 0x80) !== 0;
}
