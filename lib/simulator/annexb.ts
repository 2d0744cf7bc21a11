import type { VideoCodec } from './device-settings.js';

/** NAL unit types (ITU-T H.264 table 7-1) that matter here. */
export const NAL = { idr: 5, sps: 7, pps: 8, delimiter: 9 } as const;

/** And of ITU-T H.265, table 7-1. */
export const HEVC_NAL = { firstKey: 16, lastKey: 21, vps: 32, sps: 33, pps: 34, delimiter: 35, suffix: 40 } as const;

export function nalType(nal: Uint8Array): number {
  return nal[0]! & 0x1f;
}

export function hevcNalType(nal: Uint8Array): number {
  return (nal[0]! >> 1) & 0x3f;
}

/** The NAL units of an Annex-B byte stream, without start codes; views, not copies. */
export function splitNals(stream: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let start = -1;
  for (let at = stream.indexOf(START_CODE); ; at = stream.indexOf(START_CODE, at + 3)) {
    if (start >= 0) nals.push(withoutTrailingZeros(stream, start, at < 0 ? stream.length : at));
    if (at < 0) return nals.filter((nal) => nal.length > 0);
    start = at + 3;
  }
}

const START_CODE = Buffer.from([0, 0, 1]);

/** A NAL unit ends in a stop bit, so zeros at its end belong to the next start code (B.1.1). */
function withoutTrailingZeros(stream: Buffer, start: number, end: number): Buffer {
  let last = end;
  while (last > start && stream[last - 1] === 0) last--;
  return stream.subarray(start, last);
}

/** One coded picture with the parameter sets and messages before it. */
export interface AccessUnit {
  nals: Buffer[];
  key: boolean;
}

/** What a NAL unit is to its picture. */
type Part = 'delimiter' | 'ahead' | 'behind' | 'slice' | 'key-slice';

/**
 * Groups NAL units into pictures: a slice whose first_mb_in_slice is 0 (H.264 7.4.1.2.4, for streams without arbitrary slice
 * order, as encoders of cameras write them), or that has first_slice_segment_in_pic_flag (H.265 7.4.2.4.5), starts one.
 * Access unit delimiters are dropped: RTP has a marker bit.
 */
export function accessUnits(nals: readonly Buffer[], codec: VideoCodec = 'H264'): AccessUnit[] {
  const partOf = codec === 'H264' ? h264Part : hevcPart;
  // ue(v) of 0 is the single bit 1, and so is the flag of H.265, one byte further.
  const first = codec === 'H264' ? 1 : 2;
  const units: AccessUnit[] = [];
  let ahead: Buffer[] = [];
  for (const nal of nals) {
    const part = partOf(nal);
    if (part === 'delimiter') continue;
    if (part === 'ahead') ahead.push(nal);
    else if (part !== 'behind' && nal[first]! & 0x80) {
      units.push({ nals: [...ahead, nal], key: part === 'key-slice' });
      ahead = [];
    } else {
      units.at(-1)?.nals.push(nal);
    }
  }
  return units;
}

function h264Part(nal: Buffer): Part {
  const type = nalType(nal);
  if (type === NAL.delimiter) return 'delimiter';
  if (type === NAL.idr) return 'key-slice';
  return type === 1 ? 'slice' : 'ahead';
}

function hevcPart(nal: Buffer): Part {
  const type = hevcNalType(nal);
  if (type === HEVC_NAL.delimiter) return 'delimiter';
  if (type >= HEVC_NAL.firstKey && type <= HEVC_NAL.lastKey) return 'key-slice';
  if (type < HEVC_NAL.vps) return 'slice';
  return type === HEVC_NAL.suffix ? 'behind' : 'ahead';
}
