/** NAL unit types (ITU-T H.264 table 7-1) that matter here. */
export const NAL = { idr: 5, sps: 7, pps: 8, delimiter: 9 } as const;

export function nalType(nal: Uint8Array): number {
  return nal[0]! & 0x1f;
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

/**
 * Groups NAL units into pictures: a slice whose first_mb_in_slice is 0 starts one (7.4.1.2.4, for streams without
 * arbitrary slice order, as encoders of cameras write them). Access unit delimiters are dropped: RTP has a marker bit.
 */
export function accessUnits(nals: readonly Buffer[]): AccessUnit[] {
  const units: AccessUnit[] = [];
  let ahead: Buffer[] = [];
  for (const nal of nals) {
    const type = nalType(nal);
    if (type === NAL.delimiter) continue;
    if (type !== 1 && type !== NAL.idr) ahead.push(nal);
    // ue(v) of 0 is the single bit 1.
    else if (nal[1]! & 0x80) {
      units.push({ nals: [...ahead, nal], key: type === NAL.idr });
      ahead = [];
    } else {
      units.at(-1)?.nals.push(nal);
    }
  }
  return units;
}
