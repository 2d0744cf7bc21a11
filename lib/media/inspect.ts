import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { messageOf } from '../errors.js';
import { readJpeg } from '../jpeg.js';
import { fileBoxes } from '../mp4/boxes.js';
import { describeMp4 } from '../mp4/describe.js';
import { inspectAvi } from './avi.js';
import { ByteWindow } from './byte-window.js';
import { inspectDav } from './dav.js';
import { inspectMatroska } from './matroska.js';

/** `bin`: none of those we know. */
export type MediaFormat = 'mp4' | 'jpg' | 'mkv' | 'avi' | 'dav' | 'ts' | 'mpg' | 'bin';

/** What a format says of itself. */
export interface Structure {
  /** Undefined where the format does not tell. */
  whole: boolean | undefined;
  /** Why it is not whole, as the end of a sentence. */
  why?: string;
  durationMs?: number;
  codecs?: string[];
  width?: number;
  height?: number;
}

export interface Inspection extends Structure {
  format: MediaFormat;
}

/** A picture larger than this is not one of a camera. */
const MAX_PICTURE = 64 * 2 ** 20;
const TS_PACKET = 188;

/**
 * What kind of footage a file of unknown origin is, and whether all of it is there, by its own structure: no decoder and no
 * other program looks at bytes that a stranger sent. `name` is what it is called, if not as its path. Rejects with the plain error of the file system.
 */
export async function inspectMedia(path: string, name = path): Promise<Inspection> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) return { format: named(name), whole: false, why: 'it is empty' };
    const bytes = new ByteWindow(file, size);
    const format = formatOf(await bytes.read(0, 3 * TS_PACKET));
    if (format === 'bin' && named(name) !== 'bin') {
      return { format: named(name), whole: false, why: `it does not begin as ${extname(name)} does` };
    }
    return { format, ...(await structureOf(path, format, bytes)) };
  } finally {
    await file.close();
  }
}

async function structureOf(path: string, format: MediaFormat, bytes: ByteWindow): Promise<Structure> {
  if (format === 'mp4') return inspectMp4(path);
  if (format === 'jpg') return inspectJpeg(path, bytes.size);
  if (format === 'mkv') return inspectMatroska(bytes);
  if (format === 'avi') return inspectAvi(bytes);
  if (format === 'dav') return inspectDav(bytes);
  const isCut = format === 'ts' && bytes.size % TS_PACKET !== 0;
  return isCut ? { whole: false, why: 'its last packet is cut off' } : { whole: undefined };
}

function formatOf(head: Buffer): MediaFormat {
  const text = (from: number, to: number) => head.toString('latin1', from, to);
  if (text(4, 8) === 'ftyp') return 'mp4';
  if (head[0] === 0xff && head[1] === 0xd8) return 'jpg';
  if (head.length >= 4 && head.readUInt32BE(0) === 0x1a45dfa3) return 'mkv';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'AVI ') return 'avi';
  if (text(0, 4) === 'DHAV' || text(0, 5) === 'DAHUA') return 'dav';
  // Hikvision puts a header of its own before the program stream.
  if (text(0, 4) === '\0\0\x01\xba' || text(0, 4) === 'IMKH') return 'mpg';
  if ([0, 1, 2].every((packet) => head[packet * TS_PACKET] === 0x47)) return 'ts';
  return 'bin';
}

const NAMED: Record<string, MediaFormat> = {
  '.mp4': 'mp4',
  '.jpg': 'jpg',
  '.jpeg': 'jpg',
  '.mkv': 'mkv',
  '.avi': 'avi',
};

/** Formats that a name promises and every file of them begins with. */
function named(name: string): MediaFormat {
  return NAMED[extname(name).toLowerCase()] ?? 'bin';
}

async function inspectMp4(path: string): Promise<Structure> {
  const file = await open(path, 'r');
  const types = new Set<string>();
  let end = 0;
  try {
    for await (const box of fileBoxes(file)) {
      types.add(box.type);
      end = box.end;
    }
    const { size } = await file.stat();
    if (end < size)
      return { whole: false, why: `it is cut off: what begins at byte ${end} of ${size} is not all there` };
  } finally {
    await file.close();
  }
  if (!types.has('moov')) return { whole: false, why: 'it has no index (moov): it was never finished' };
  if (!types.has('mdat')) return { whole: false, why: 'it holds no pictures' };
  try {
    const found = await describeMp4(path);
    if (!found) return { whole: undefined };
    const { durationMs, codecs, width, height } = found;
    return { whole: true, ...(durationMs > 0 && { durationMs }), codecs, width, height };
  } catch (error) {
    return { whole: false, why: `its index cannot be read: ${messageOf(error)}` };
  }
}

async function inspectJpeg(path: string, size: number): Promise<Structure> {
  if (size > MAX_PICTURE) return { whole: undefined };
  const file = await open(path, 'r');
  try {
    const { width, height } = readJpeg(await file.readFile());
    return { whole: true, width, height };
  } catch (error) {
    return { whole: false, why: messageOf(error).replace(/^This is no whole JPEG: /, '') };
  } finally {
    await file.close();
  }
}
