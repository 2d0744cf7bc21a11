/** Small files wait for answers more than for the line: as many may be under way as hold this many bytes together, … */
const SMALL_BYTES = 4_000_000;
/** … or more, while none of them holds more than this, … */
const TINY_BYTES = 300_000;
/** … and no more than this: each waits for three answers, behind what the others have on their way, 1 MB and more. */
const MOST = 32;

/**
 * Whether one more file may be started beside those being sent, given how many bytes of each are still to be acknowledged, and how many
 * large ones may go at once. The next begins before the last one ends: the line would lie idle while one is looked up and another opened.
 */
export function hasRoom(left: readonly number[], parallel: number): boolean {
  if (left.length < parallel) return true;
  const areSmall = left.reduce((sum, bytes) => sum + bytes, 0) < SMALL_BYTES;
  if (areSmall || left.every((bytes) => bytes <= TINY_BYTES)) return left.length < MOST;
  return left.length < 2 * parallel && left.filter((bytes) => !isNearlySent(bytes)).length < parallel;
}

/** Whether so little of a file is left that it no longer counts as a large one. */
export function isNearlySent(left: number): boolean {
  return left < SMALL_BYTES / 2;
}
