import { Bits } from './bits.js';
import { aspectOf, checkSize, type PictureFormat } from './picture-format.js';

/** NAL unit types (ITU-T H.265 table 7-1) that matter to whoever records. */
export const H265 = { firstKey: 16, lastKey: 21, firstNonSlice: 32, vps: 32, sps: 33, pps: 34, delimiter: 35 } as const;

export interface H265Format extends PictureFormat {
  /** `general_profile_space` … `general_level_idc`: 12 bytes, as `hvcC` repeats them. */
  profile: Buffer;
  layers: number;
  nested: boolean;
  chroma: number;
  lumaBits: number;
  chromaBits: number;
}

export function h265Type(nal: Uint8Array): number {
  return (nal[0]! >> 1) & 0x3f;
}

/** Reads a sequence parameter set (§7.3.2.2.1). Throws a RangeError if it cannot be one. */
export function readH265Sps(nal: Uint8Array): H265Format {
  const bits = new Bits(nal, 2);
  bits.skip(4);
  const layers = bits.u(3) + 1;
  const nested = bits.flag();
  const profile = Buffer.from(Array.from({ length: 12 }, () => bits.u(8)));
  skipLayers(bits, layers);
  bits.ue();
  const chroma = bits.ue();
  const separate = chroma === 3 && bits.flag();
  const [codedWidth, codedHeight] = [bits.ue(), bits.ue()];
  const [left, right, top, bottom] = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const planes = separate ? 0 : chroma;
  const width = codedWidth - (planes === 1 || planes === 2 ? 2 : 1) * (left + right);
  const height = codedHeight - (planes === 1 ? 2 : 1) * (top + bottom);
  checkSize(width, height);
  const lumaBits = 8 + bits.ue();
  const chromaBits = 8 + bits.ue();
  const orderBits = bits.ue() + 4;
  const reorder = readReorder(bits, layers);
  const format = { width, height, reorder, profile, layers, nested, chroma, lumaBits, chromaBits };
  return { ...format, aspect: readAspect(bits, orderBits) };
}

function skipLayers(bits: Bits, layers: number): void {
  const present = Array.from({ length: layers - 1 }, () => [bits.flag(), bits.flag()]);
  if (layers > 1) bits.skip(2 * (8 - (layers - 1)));
  for (const [profile, level] of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

/** Of the highest layer: all of them are recorded. */
function readReorder(bits: Bits, layers: number): number {
  const each = bits.flag();
  let reorder = 0;
  for (let layer = each ? 0 : layers - 1; layer < layers; layer++) {
    bits.ue();
    reorder = bits.ue();
    bits.ue();
  }
  return Math.min(reorder, 16);
}

/** The shape of a sample stands behind much that may go wrong; without it the picture is recorded all the same. */
function readAspect(bits: Bits, orderBits: number): PictureFormat['aspect'] {
  try {
    for (let field = 0; field < 6; field++) bits.ue();
    if (bits.flag() && bits.flag()) return undefined;
    bits.skip(2);
    if (bits.flag()) {
      bits.skip(8);
      bits.ue();
      bits.ue();
      bits.skip(1);
    }
    // Reference picture sets say nothing we need, and only a decoder reads them.
    if (bits.ue() > 0) return undefined;
    if (bits.flag()) bits.skip(Math.min(bits.ue(), 32) * (orderBits + 1));
    bits.skip(2);
    return bits.flag() && bits.flag() ? aspectOf(bits.u(8), () => bits.u(16)) : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
