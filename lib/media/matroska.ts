import type { ByteWindow } from './byte-window.js';
import type { Structure } from './inspect.js';

/** Matroska (RFC 9559): elements of an id, a length and a body, all the way down. */

const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const CLUSTER = 0x1f43b675;
const TIMESTAMP_SCALE = 0x2ad7b1;
const DURATION = 0x4489;

/** A recording of a day has fewer; a file made to keep us busy is left undecided. */
const MAX_ELEMENTS = 500_000;

interface Element {
  id: number;
  body: number;
  /** Undefined where the writer did not know it yet: live recordings. */
  end: number | undefined;
}

export async function inspectMatroska(bytes: ByteWindow): Promise<Structure> {
  let duration: { durationMs?: number } = {};
  let clusters = 0;
  let at = 0;
  for (let count = 0; at < bytes.size; count++) {
    if (count > MAX_ELEMENTS) return { whole: undefined };
    const element = await elementAt(bytes, at);
    if (!element) return cut(at, bytes.size);
    const { id, body, end } = element;
    if (end !== undefined && end > bytes.size) return cut(at, bytes.size);
    if (id === CLUSTER) clusters++;
    if (id === INFO && end !== undefined) duration = await durationIn(bytes, body, end);
    // Of a segment, and of what has no length, the parts are looked at one by one.
    at = id === SEGMENT || end === undefined ? body : end;
  }
  if (clusters === 0) return { whole: false, why: 'it holds no pictures' };
  return { whole: true, ...duration };
}

function cut(at: number, size: number): Structure {
  return { whole: false, why: `it is cut off: what begins at byte ${at} of ${size} is not all there` };
}

async function elementAt(bytes: ByteWindow, at: number): Promise<Element | undefined> {
  const head = await bytes.read(at, 12);
  const idLength = lengthOf(head[0]);
  if (idLength === undefined || idLength > 4 || head.length <= idLength) return undefined;
  const sizeLength = lengthOf(head[idLength]);
  if (sizeLength === undefined || head.length < idLength + sizeLength) return undefined;
  const id = head.readUIntBE(0, idLength);
  const body = at + idLength + sizeLength;
  let size = head[idLength]! & (0xff >> sizeLength);
  let isUnknown = size === 0xff >> sizeLength;
  for (const byte of head.subarray(idLength + 1, idLength + sizeLength)) {
    size = size * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  return { id, body, end: isUnknown ? undefined : body + size };
}

/** How many bytes a number takes: one more than it has leading zero bits. */
function lengthOf(first: number | undefined): number | undefined {
  return first ? Math.clz32(first) - 23 : undefined;
}

async function durationIn(bytes: ByteWindow, from: number, to: number): Promise<{ durationMs?: number }> {
  let scale = 1_000_000;
  let ticks: number | undefined;
  for (let at = from; at < to; ) {
    const element = await elementAt(bytes, at);
    if (element?.end === undefined || element.end > to) break;
    const length = element.end - element.body;
    const body = await bytes.read(element.body, 8);
    if (element.id === TIMESTAMP_SCALE && length >= 1 && length <= 6) scale = body.readUIntBE(0, length);
    if (element.id === DURATION && length === 4) ticks = body.readFloatBE(0);
    if (element.id === DURATION && length === 8) ticks = body.readDoubleBE(0);
    at = element.end;
  }
  const durationMs = Math.round(((ticks ?? 0) * scale) / 1e6);
  return durationMs > 0 && Number.isSafeInteger(durationMs) ? { durationMs } : {};
}
