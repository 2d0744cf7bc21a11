/** What a sequence parameter set says of the pictures. */
export interface PictureFormat {
  /** As shown, after cropping. */
  width: number;
  height: number;
  /** Shape of a sample, where the stream names one. */
  aspect: { horizontal: number; vertical: number } | undefined;
  /** By how many pictures decoding runs ahead of showing; undefined where the stream does not say. */
  reorder: number | undefined;
}

/** Sample aspect ratios by number (ITU-T H.264 table E-1, H.265 table E.1). */
const ASPECTS = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
] as const;

/** `read` reads the two numbers that follow in the stream where the table does not have it. */
export function aspectOf(index: number, read: () => number): PictureFormat['aspect'] {
  const [horizontal, vertical] = index === 255 ? [read(), read()] : (ASPECTS[index] ?? [0, 0]);
  return horizontal > 0 && vertical > 0 && horizontal !== vertical ? { horizontal, vertical } : undefined;
}

/** No camera's picture is larger, and no box of an MP4 holds more. */
const MAX_SIDE = 0xffff;

/** Throws a RangeError for a size that cannot be. */
export function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
    throw new RangeError(`a picture of ${width} × ${height}`);
  }
}
