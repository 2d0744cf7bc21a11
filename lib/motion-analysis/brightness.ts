/** How the brightness of one picture follows from another's: `scale` times it, plus `offset`. */
export interface Brightness {
  scale: number;
  offset: number;
}

/** One in so many pixels is looked at; prime, so that it falls on every column in turn. */
const STRIDE = 3;

/** What differs by more than this from a first fit is something else than light. */
const OUTLIER = 14;

/** A place with less contrast than this cannot tell scale from offset. */
const MIN_VARIANCE = 30;

/**
 * The change of light between what is known of a place and a picture of it, by least squares over what did not move: exposure,
 * clouds, lamps that flicker. `ignored` pixels (not 0) do not count.
 */
export function fitBrightness(known: Float32Array, picture: Uint8Array, ignored: Uint8Array): Brightness {
  const shift = medianShift(known, picture, ignored);
  const rough = leastSquares(known, picture, ignored, 1, shift, 3 * OUTLIER);
  return leastSquares(known, picture, ignored, rough.scale, rough.offset, OUTLIER);
}

/** A middle that a large thing before the camera cannot pull away, as it does a mean. */
function medianShift(known: Float32Array, picture: Uint8Array, ignored: Uint8Array): number {
  const counts = new Uint16Array(512);
  let total = 0;
  for (let i = 0; i < picture.length; i += 7) {
    if (ignored[i]) continue;
    const bucket = Math.round(picture[i]! - known[i]!) + 256;
    counts[bucket]!++;
    total++;
  }
  let sum = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    sum += counts[bucket]!;
    if (sum * 2 >= total) return total === 0 ? 0 : bucket - 256;
  }
  return 0;
}

function leastSquares(
  known: Float32Array,
  picture: Uint8Array,
  ignored: Uint8Array,
  scale: number,
  offset: number,
  tolerance: number,
): Brightness {
  let count = 0;
  let sumX = 0;
  let sumY = 0;
  let sumXX = 0;
  let sumXY = 0;
  for (let i = 0; i < picture.length; i += STRIDE) {
    if (ignored[i]) continue;
    const x = known[i]!;
    const y = picture[i]!;
    if (Math.abs(y - scale * x - offset) > tolerance) continue;
    count++;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  if (count < 50) return { scale, offset };
  const [meanX, meanY] = [sumX / count, sumY / count];
  const variance = sumXX / count - meanX * meanX;
  if (variance < MIN_VARIANCE) return { scale: 1, offset: meanY - meanX };
  const fitted = Math.min(3, Math.max(0.3, (sumXY / count - meanX * meanY) / variance));
  return { scale: fitted, offset: meanY - fitted * meanX };
}
