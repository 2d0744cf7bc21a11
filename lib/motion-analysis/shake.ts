import type { Brightness } from './brightness.js';

export interface Shift {
  x: number;
  y: number;
}

/** A mast in the wind moves a picture by no more than this many of its (small) pixels. */
const REACH = 3;

/** A shift explains a picture only if it leaves less than this share of the difference. */
const CONVINCING = 0.75;

/**
 * By how much a picture is shifted against what is known of the place: a camera on a mast that shakes. Undefined where no shift makes them
 * much more alike than none.
 */
export function findShift(
  known: Float32Array,
  picture: Uint8Array,
  width: number,
  { scale, offset }: Brightness,
): Shift | undefined {
  let least = CONVINCING * difference(known, picture, width, scale, offset, 0, 0, Number.POSITIVE_INFINITY);
  let best: Shift | undefined;
  for (let y = -REACH; y <= REACH; y++) {
    for (let x = -REACH; x <= REACH; x++) {
      const found = difference(known, picture, width, scale, offset, x, y, least);
      if (found >= least) continue;
      least = found;
      best = { x, y };
    }
  }
  return best;
}

/**
 * One pixel in nine; what falls out of the picture at any shift is left out at every one. Ends early where it comes to `enough`: of most
 * shifts a few rows tell that they are no good.
 */
function difference(
  known: Float32Array,
  picture: Uint8Array,
  width: number,
  scale: number,
  offset: number,
  x: number,
  y: number,
  enough: number,
): number {
  const height = picture.length / width;
  let sum = 0;
  for (let row = REACH; row < height - REACH && sum < enough; row += 3) {
    for (let column = REACH; column < width - REACH; column += 3) {
      const error = picture[row * width + column]! - scale * known[(row - y) * width + column - x]! - offset;
      // Limited, so that something that moves does not outweigh all that stands still.
      sum += Math.min(30, Math.abs(error));
    }
  }
  return sum;
}
