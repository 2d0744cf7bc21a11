/** Small files wait for answers more than for the line: as many may be under way as hold this many bytes together, … */
const SMALL_BYTES = 4_000_000;
/** … or more, while none of them holds more than this, … */
const TINY_BYTES = 300_000;
/** … and no more than this: each waits for three answers, behind what the others have on their way, 1 MB and more. */
const MOST = 32;

/** Whether one more file may be started beside those being sent, given their sizes and how many large ones may go at once. */
export function hasRoom(sending: readonly number[], parallel: number): boolean {
  if (sending.length < parallel) return true;
  const areSmall = sending.reduce((sum, bytes) => sum + bytes, 0) < SMALL_BYTES;
  return sending.length < MOST && (areSmall || sending.every((bytes) => bytes <= TINY_BYTES));
}
