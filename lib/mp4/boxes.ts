import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

/** One ISO BMFF box (ISO/IEC 14496-12 §4.2). Offsets are absolute in the file or buffer that was walked. */
export interface Box {
  type: string;
  start: number;
  /** Where the payload begins. */
  body: number;
  end: number;
}

function header(bytes: Buffer, at: number, start: number, limit: number): Box | undefined {
  if (bytes.length - at < 8) return undefined;
  let size = bytes.readUInt32BE(at);
  let length = 8;
  if (size === 1) {
    if (bytes.length - at < 16) return undefined;
    size = Number(bytes.readBigUInt64BE(at + 8));
    length = 16;
  } else if (size === 0) {
    size = limit - start;
  }
  if (size < length) return undefined;
  return { type: bytes.toString('latin1', at + 4, at + 8), start, body: start + length, end: start + size };
}

/** Most fragment headers and the media header behind them fit: one read for both. */
const READ_AHEAD = 4096;

/** After this many, others have their turn, in case the file has to come from the disk after all. */
const READS_A_TURN = 16;

/**
 * The top-level boxes of a file that may still be growing: ends before the first box that is incomplete or malformed.
 * `head` is the beginning of the box, and what follows it, as far as it happened to be read. Reads 4 KiB for about two boxes.
 */
export async function* fileBoxes(file: FileHandle, from = 0): AsyncGenerator<Box & { head: Buffer }> {
  const { size } = await file.stat();
  let head = Buffer.alloc(0);
  let reads = 0;
  for (let at = from; at < size; ) {
    if (head.length < 16) {
      const bytes = Buffer.allocUnsafe(READ_AHEAD);
      // Read at once: a trip to the thread pool costs twenty times what 4 KiB of a file just written do.
      const bytesRead = readSync(file.fd, bytes, 0, READ_AHEAD, at);
      if (++reads % READS_A_TURN === 0) await turn();
      head = bytes.subarray(0, bytesRead);
    }
    const box = header(head, 0, at, size);
    if (!box || box.end > size) return;
    yield { ...box, head };
    head = head.subarray(box.end - at);
    at = box.end;
  }
}

/** The boxes between two offsets of a buffer; ends before the first malformed one. */
export function* boxes(buffer: Buffer, from = 0, to = buffer.length): Generator<Box> {
  for (let at = from; at < to; ) {
    const box = header(buffer, at, at, to);
    if (!box || box.end > to) return;
    yield box;
    at = box.end;
  }
}

/** The first box along a path of types, e.g. `moov/trak/mdia`. */
export function findBox(buffer: Buffer, path: string, within?: Box): Box | undefined {
  let range = within ? { from: within.body, to: within.end } : { from: 0, to: buffer.length };
  let found: Box | undefined;
  for (const type of path.split('/')) {
    found = undefined;
    for (const box of boxes(buffer, range.from, range.to)) {
      if (box.type !== type) continue;
      found = box;
      break;
    }
    if (!found) return undefined;
    range = { from: found.body, to: found.end };
  }
  return found;
}
