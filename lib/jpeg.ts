import { Failure } from './errors.js';

export interface Jpeg {
  /** From its first byte to its end mark: what cameras send after that is left out. */
  bytes: Buffer;
  width: number;
  height: number;
}

/** Of an endless run of segments no picture is made. */
const MAX_SEGMENTS = 10_000;

const [SOI, EOI, SOS, TEM] = [0xd8, 0xd9, 0xda, 0x01];

/** Frame headers; C4, C8 and CC among them are tables and extensions. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);

/**
 * Checks that a whole JPEG is there, from mark to mark, without decoding it: a camera that is busy sends half of one, or a page
 * of its web server, and says 200 OK. An end mark alone proves nothing, since the preview inside a picture has one too.
 * Throws a `Failure` with the code `picture-invalid`.
 */
export function readJpeg(bytes: Buffer): Jpeg {
  if (bytes.length === 0) throw invalid('it is empty');
  if (bytes[0] !== 0xff || bytes[1] !== SOI) throw invalid(`it does not begin as one: ${described(bytes)}`);
  let size: { width: number; height: number } | undefined;
  let hasScan = false;
  let at = 2;
  for (let n = 0; n < MAX_SEGMENTS; n++) {
    const { marker, next } = markerAt(bytes, at);
    if (marker === EOI) {
      if (!size || !hasScan) throw invalid('it ends before its picture begins');
      return { bytes: bytes.subarray(0, next), ...size };
    }
    if (marker === TEM) {
      at = next;
      continue;
    }
    const end = segmentEnd(bytes, next);
    if (FRAMES.has(marker)) size = sizeIn(bytes, next, end);
    if (marker === SOS) hasScan = true;
    at = marker === SOS ? scanEnd(bytes, end) : end;
  }
  throw invalid(`it has more than ${MAX_SEGMENTS} parts`);
}

function markerAt(bytes: Buffer, at: number): { marker: number; next: number } {
  if (at < bytes.length && bytes[at] !== 0xff) throw invalid(`it is damaged at byte ${at}`);
  let next = at + 1;
  // Any number of FF may stand before a marker.
  while (bytes[next] === 0xff) next++;
  const marker = bytes[next];
  if (marker === undefined) throw cut(bytes);
  return { marker, next: next + 1 };
}

function segmentEnd(bytes: Buffer, at: number): number {
  if (at + 2 > bytes.length) throw cut(bytes);
  const length = bytes.readUInt16BE(at);
  if (at + length > bytes.length) throw cut(bytes);
  return at + length;
}

function sizeIn(bytes: Buffer, at: number, end: number): { width: number; height: number } {
  if (end - at < 7) throw invalid(`it is damaged at byte ${at}`);
  const [height, width] = [bytes.readUInt16BE(at + 3), bytes.readUInt16BE(at + 5)];
  if (width === 0 || height === 0) throw invalid(`it is ${width} × ${height} pixels`);
  return { width, height };
}

/** Where the coded picture ends: at a marker that is neither a stuffed byte nor a restart. */
function scanEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1];
    const isCoded = marker === 0 || marker === 0xff || (marker !== undefined && marker >= 0xd0 && marker <= 0xd7);
    if (marker !== undefined && !isCoded) return at;
  }
  throw cut(bytes);
}

function described(bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, 200).trimStart();
  if (/^<(!doctype html|html)/i.test(start)) return 'it is a web page';
  if (start.startsWith('<') || start.startsWith('{')) return 'it is text';
  return `it begins with ${bytes.toString('hex', 0, 4)}`;
}

function cut(bytes: Buffer): Failure {
  return invalid(`it is cut off after ${bytes.length} bytes`);
}

function invalid(why: string): Failure {
  return new Failure(`This is no whole JPEG: ${why}`, {
    kind: 'transient',
    code: 'picture-invalid',
    hint: 'Try again; if it stays so, look at the snapshot in the camera’s own pages.',
  });
}
