import { type FileHandle, open } from 'node:fs/promises';
import { type Box, boxes, fileBoxes, findBox } from './boxes.js';

/** What of a fragmented MP4 is whole, whether it was closed, is still growing, or was cut off. */
export interface Fragments {
  /** Bytes of `ftyp` + `moov`. */
  headerEnd: number;
  /** Complete `moof` + `mdat` pairs; each starts with a keyframe when written with `frag_keyframe`. */
  count: number;
  /** The last complete pair. */
  last: { start: number; end: number } | undefined;
  /** Everything up to here is playable. */
  wholeEnd: number;
}

/** Scans box headers only; a file of five minutes costs some hundred small reads. */
export async function scanFragments(path: string): Promise<Fragments> {
  const file = await open(path, 'r');
  try {
    const result: Fragments = { headerEnd: 0, count: 0, last: undefined, wholeEnd: 0 };
    let moof: Box | undefined;
    for await (const box of fileBoxes(file)) {
      if (box.type === 'moov') result.headerEnd = result.wholeEnd = box.end;
      else if (box.type === 'moof') moof = box;
      else if (box.type === 'mdat' && moof) {
        result.last = { start: moof.start, end: box.end };
        result.count++;
        result.wholeEnd = box.end;
        moof = undefined;
      }
    }
    return result;
  } finally {
    await file.close();
  }
}

/** The header and the last complete fragment: a tiny playable MP4 that starts with the newest whole keyframe. */
export async function newestFragment(path: string): Promise<Buffer | undefined> {
  const { headerEnd, last } = await scanFragments(path);
  if (!last || headerEnd === 0) return undefined;
  const file = await open(path, 'r');
  try {
    const [head, tail] = [await slice(file, 0, headerEnd), await slice(file, last.start, last.end)];
    return Buffer.concat([head, tail]);
  } finally {
    await file.close();
  }
}

async function slice(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  return bytes.subarray(0, bytesRead);
}

/** Media time of the first frame in milliseconds, from the first track fragment (`tfdt`); undefined if nothing is whole. */
export async function firstMediaTime(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    let moov: Buffer | undefined;
    for await (const box of fileBoxes(file)) {
      if (box.type === 'moov') moov = await slice(file, box.start, box.end);
      if (box.type !== 'moof' || !moov) continue;
      return fragmentTime(moov, await slice(file, box.start, box.end));
    }
    return undefined;
  } finally {
    await file.close();
  }
}

function headerOfTrack(moov: Buffer, id: number): Box | undefined {
  const root = findBox(moov, 'moov');
  if (!root) return undefined;
  for (const trak of boxes(moov, root.body, root.end)) {
    const tkhd = trak.type === 'trak' ? findBox(moov, 'tkhd', trak) : undefined;
    if (tkhd && moov.readUInt32BE(tkhd.body + (moov[tkhd.body] === 1 ? 20 : 12)) === id) {
      return findBox(moov, 'mdia/mdhd', trak);
    }
  }
  return undefined;
}

function fragmentTime(moov: Buffer, moof: Buffer): number | undefined {
  const tfhd = findBox(moof, 'moof/traf/tfhd');
  const tfdt = findBox(moof, 'moof/traf/tfdt');
  // Sound may come first; each track counts time in units of its own.
  const mdhd = tfhd && headerOfTrack(moov, moof.readUInt32BE(tfhd.body + 4));
  if (!mdhd || !tfdt) return undefined;
  const timescale = moov.readUInt32BE(mdhd.body + (moov[mdhd.body] === 1 ? 20 : 12));
  const time = moof[tfdt.body] === 1 ? Number(moof.readBigUInt64BE(tfdt.body + 4)) : moof.readUInt32BE(tfdt.body + 4);
  return timescale ? (time * 1000) / timescale : undefined;
}
