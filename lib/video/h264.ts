import { Bits } from './bits.js';
import { aspectOf, checkSize, type PictureFormat } from './picture-format.js';

/** NAL unit types (ITU-T H.264 table 7-1) that matter to whoever records. */
export const H264 = { slice: 1, partitionA: 2, partitionC: 4, idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9 } as const;

export interface H264Format extends PictureFormat {
  /** Only the high profiles have the three that follow. */
  high: boolean;
  chroma: number;
  lumaBits: number;
  chromaBits: number;
}

/** Profiles whose parameter sets say more of colour (§7.3.2.1.1). */
const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const BASELINE = 66;

/** Reads a sequence parameter set (§7.3.2.1.1). Throws a RangeError if it cannot be one. */
export function readH264Sps(nal: Uint8Array): H264Format {
  const profile = nal[1] ?? 0;
  const bits = new Bits(nal, 4);
  bits.ue();
  const high = HIGH.includes(profile);
  const colour = high ? readColour(bits) : { chroma: 1, separate: false, lumaBits: 8, chromaBits: 8 };
  bits.ue();
  const orderType = readOrder(bits);
  bits.ue();
  bits.skip(1);
  const widthUnits = bits.ue() + 1;
  const heightUnits = bits.ue() + 1;
  const frames = bits.flag();
  if (!frames) bits.skip(1);
  bits.skip(1);
  const { width, height } = crop(bits, { ...colour, widthUnits, heightUnits, frames });
  checkSize(width, height);
  const shown = bits.flag() ? readVui(bits) : { aspect: undefined, reorder: undefined };
  // Baseline has no B pictures, and order type 2 is the order of decoding.
  const reorder = profile === BASELINE || orderType === 2 ? 0 : shown.reorder;
  return { width, height, aspect: shown.aspect, reorder, high, ...colour };
}

function readColour(bits: Bits) {
  const chroma = bits.ue();
  const separate = chroma === 3 && bits.flag();
  const lumaBits = 8 + bits.ue();
  const chromaBits = 8 + bits.ue();
  bits.skip(1);
  const lists = bits.flag() ? (chroma === 3 ? 12 : 8) : 0;
  for (let list = 0; list < lists; list++) {
    const present = bits.flag();
    if (present) skipList(bits, list);
  }
  return { chroma, separate, lumaBits, chromaBits };
}

function skipList(bits: Bits, list: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < (list < 6 ? 16 : 64); index++) {
    if (next !== 0) next = (last + bits.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

/** Returns `pic_order_cnt_type`. */
function readOrder(bits: Bits): number {
  const type = bits.ue();
  if (type === 0) bits.ue();
  if (type !== 1) return type;
  bits.skip(1);
  bits.se();
  bits.se();
  const count = bits.ue();
  if (count > 255) throw new RangeError(`a cycle of ${count} pictures`);
  for (let index = 0; index < count; index++) bits.se();
  return type;
}

interface Units {
  widthUnits: number;
  heightUnits: number;
  frames: boolean;
  chroma: number;
  separate: boolean;
}

function crop(bits: Bits, { widthUnits, heightUnits, frames, chroma, separate }: Units) {
  const fields = frames ? 1 : 2;
  const [left, right, top, bottom] = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const planes = separate ? 0 : chroma;
  const across = planes === 1 || planes === 2 ? 2 : 1;
  const down = (planes === 1 ? 2 : 1) * fields;
  return {
    width: widthUnits * 16 - across * (left + right),
    height: heightUnits * 16 * fields - down * (top + bottom),
  };
}

/** Annex E.1.1, up to what is wanted. */
function readVui(bits: Bits): Pick<PictureFormat, 'aspect' | 'reorder'> {
  const aspect = bits.flag() ? aspectOf(bits.u(8), () => bits.u(16)) : undefined;
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.ue();
    bits.ue();
  }
  if (bits.flag()) bits.skip(65);
  const [nal, vcl] = [readHrd(bits), readHrd(bits)];
  if (nal || vcl) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return { aspect, reorder: undefined };
  bits.skip(1);
  for (let field = 0; field < 4; field++) bits.ue();
  return { aspect, reorder: Math.min(bits.ue(), 16) };
}

function readHrd(bits: Bits): boolean {
  if (!bits.flag()) return false;
  const count = bits.ue() + 1;
  if (count > 32) throw new RangeError(`${count} buffers`);
  bits.skip(8);
  for (let index = 0; index < count; index++) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
  return true;
}

/** Whether a slice has nothing but intra prediction, by the type its header claims for the whole picture or itself (§7.4.3). */
export function isIntraSlice(nal: Uint8Array): boolean {
  try {
    const bits = new Bits(nal.subarray(0, 24), 1);
    bits.ue();
    const type = bits.ue();
    return type === 2 || type === 7;
  } catch {
    // Too short to be a slice; then it is no place to begin either.
    return false;
  }
}

const RECOVERY_POINT = 6;

/** Whether a supplemental message says that decoding may begin at this picture (D.1.8): an open group of pictures. */
export function hasRecoveryPoint(sei: Uint8Array): boolean {
  for (let at = 1; at + 2 < sei.length; ) {
    const type = seiNumber(sei, at);
    const size = seiNumber(sei, type.end);
    // recovery_frame_cnt of 0 is the single bit 1: exact at once, and no gradual refresh.
    if (type.value === RECOVERY_POINT) return ((sei[size.end] ?? 0) & 0x80) !== 0;
    at = size.end + size.value;
  }
  return false;
}

/** Bytes of 255 add up, and the first other one is the last (§7.3.2.3.1). */
function seiNumber(sei: Uint8Array, from: number): { value: number; end: number } {
  let at = from;
  while (sei[at] === 255) at++;
  return { value: (at - from) * 255 + (sei[at] ?? 0), end: at + 1 };
}
