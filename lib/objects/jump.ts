import { boxes } from '../mp4/boxes.js';
import { jumpSpans, type Span } from '../mp4/jump.js';
import { Ahead, type FetchPieces, PIECE } from './ahead.js';
import type { Piece } from './piece-cache.js';

/** Of a film's beginning, before anybody knows how long its table of contents is: one of ten minutes with sound. */
export const HEAD_BURST = 16 * PIECE;
/** Longer ones are left to the player. */
const MOST_CONTENTS = 4 * 1024 * 1024;
/** Ten seconds between key frames at 3 Mbit/s. */
const MOST_SPAN = 4 * 1024 * 1024;
/** Chromium hands its demuxer whole blocks, and asks for whole ones (`kBlockSizeShift` in its url_index.cc; seen in its requests). */
const BLOCK = 32 * 1024;

/**
 * Asks for what a player is going to want that opens a film and jumps to `seconds`, as soon as the table of contents tells where it lies:
 * the player itself would ask for one after the other. Undefined where that is not to be known. Throws what reading throws.
 */
export async function prepareJump(fetch: FetchPieces, seconds: number) {
  const moov = await readContents(fetch);
  if (!moov) return undefined;
  const [opening, scene] = jumpSpans(moov, seconds).map(wholeBlocks) as [Span, Span];
  // Damaged tables tell of any place; and what is longer is a matter of reading on.
  if ([opening, scene].some(({ start, end }) => start < 0 || end - start > MOST_SPAN)) return undefined;
  for (const { start, end } of [opening, scene]) {
    // What has been asked for already is shared, and what fails is told to the player when it comes there.
    const pieces = Math.ceil((end - start) / PIECE) + 1;
    for (let n = 0; n < pieces; n++)
      for (const piece of fetch(start - (start % PIECE) + n * PIECE, 1)) piece.catch(() => undefined);
  }
  return { opening, scene };
}

/** Where a film's table of contents ends, from its first piece; 0 where it does not come first. */
export function contentsEnd({ bytes, size }: Piece): number {
  for (const { type, end } of boxes(bytes, 0, size)) if (type === 'moov') return end;
  return 0;
}

/** `ftyp`, `moov` and what lies between; undefined where they do not come first. */
async function readContents(fetch: FetchPieces): Promise<Buffer | undefined> {
  const ahead = new Ahead({ start: 0, burst: HEAD_BURST, end: MOST_CONTENTS }, fetch);
  const first = await ahead.next();
  const end = first ? contentsEnd(first) : 0;
  if (!first || end === 0 || end > MOST_CONTENTS) return undefined;
  ahead.extend(end);
  const bytes = [first.bytes];
  for (let have = first.bytes.length; have < end; have += bytes.at(-1)!.length) {
    const piece = await ahead.next();
    if (!piece) return undefined;
    bytes.push(piece.bytes);
  }
  return Buffer.concat(bytes).subarray(0, end);
}

function wholeBlocks({ start, end }: Span): Span {
  return { start: start - (start % BLOCK), end: Math.ceil(end / BLOCK) * BLOCK };
}
