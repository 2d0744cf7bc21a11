import { unsupported } from './strict.js';

/** Reads bytes `start` to `end` (exclusive) of a file, wherever it lies; fewer where it ends sooner. */
export type ReadBytes = (start: number, end: number) => Promise<Buffer>;

/** In a file made to be played from afar, the header is mostly within the first of these. */
const FIRST = 2 ** 17;
/** A header larger than this is not one of a recording. */
const MAX_HEADER = 32 * 2 ** 20;
/** Boxes before the header: a few; more are not a recording. */
const MOST_BOXES = 64;

/** The `moov` box of a file of `size` bytes, in two reads where it comes first. Throws `media-unsupported` where there is none. */
export async function readMoov(read: ReadBytes, size: number): Promise<Buffer> {
  let window = { at: 0, bytes: await read(0, Math.min(size, FIRST)) };
  let at = 0;
  for (let boxes = 0; at < size && boxes < MOST_BOXES; boxes++) {
    if (at + 16 > window.at + window.bytes.length) window = { at, bytes: await read(at, Math.min(size, at + FIRST)) };
    const head = window.bytes.subarray(at - window.at);
    const length = boxLength(head, size - at);
    if (length < 8) break;
    if (head.toString('latin1', 4, 8) === 'moov') {
      if (length > MAX_HEADER) throw unsupported(`a header of ${length} bytes`);
      const moov = head.length >= length ? head.subarray(0, length) : await read(at, at + length);
      if (moov.length < length) throw unsupported('a header that is cut off');
      return moov;
    }
    at += length;
  }
  throw unsupported('no moov');
}

function boxLength(head: Buffer, left: number): number {
  if (head.length < 16) return 0;
  const size = head.readUInt32BE(0);
  if (size === 0) return left;
  return size === 1 ? Number(head.readBigUInt64BE(8)) : size;
}
