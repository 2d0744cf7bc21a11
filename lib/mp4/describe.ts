import { type FileHandle, open } from 'node:fs/promises';
import { type Box, boxes, fileBoxes, findBox } from './boxes.js';

export interface Mp4Description {
  /** RFC 6381, video first: `avc1.64001f`, `hvc1.1.6.L93.B0`, `mp4a.40.2`. */
  codecs: string[];
  width: number;
  height: number;
  /**
   * How long the pictures last, in milliseconds; 0 in a fragmented file, whose header does not know. Sound may last longer: at a
   * border it goes into the file that is open when it comes, which is late on a busy line (measured: 240 ms).
   */
  durationMs: number;
  /** Whether the header comes before the media, so that players start at once. */
  faststart: boolean;
}

interface Track {
  codec: string;
  video: boolean;
  width: number;
  height: number;
  durationMs: number;
}

/** A header larger than this is not one of a recording. */
const MAX_HEADER = 32 * 2 ** 20;

/** Reads what an MP4 holds from its header. Undefined if there is no readable header or no video. */
export async function describeMp4(path: string): Promise<Mp4Description | undefined> {
  const file = await open(path, 'r');
  try {
    let faststart = true;
    for await (const box of fileBoxes(file)) {
      if (box.type === 'mdat') faststart = false;
      if (box.type === 'moov') return describeHeader(await readBox(file, box), faststart);
    }
    return undefined;
  } finally {
    await file.close();
  }
}

async function readBox(file: FileHandle, box: Box): Promise<Buffer> {
  const size = box.end - box.start;
  if (size > MAX_HEADER) throw new Error(`MP4 header of ${size} bytes is not plausible`);
  const bytes = Buffer.alloc(size);
  await file.read(bytes, 0, size, box.start);
  return bytes;
}

/** The same from the bytes of a `moov` box. */
export function describeHeader(moov: Buffer, faststart: boolean): Mp4Description | undefined {
  const root = findBox(moov, 'moov');
  if (!root) return undefined;
  const tracks: Track[] = [];
  for (const box of boxes(moov, root.body, root.end)) {
    const track = box.type === 'trak' ? describeTrack(moov, box) : undefined;
    if (track) tracks.push(track);
  }
  const video = tracks.find((track) => track.video);
  if (!video) return undefined;
  return {
    codecs: [video, ...tracks.filter((track) => track !== video)].map((track) => track.codec),
    width: video.width,
    height: video.height,
    durationMs: video.durationMs,
    faststart,
  };
}

function describeTrack(moov: Buffer, trak: Box): Track | undefined {
  const mdhd = findBox(moov, 'mdia/mdhd', trak);
  const stsd = findBox(moov, 'mdia/minf/stbl/stsd', trak);
  if (!mdhd || !stsd) return undefined;
  const [entry] = boxes(moov, stsd.body + 8, stsd.end);
  if (!entry) return undefined;
  const video = findBox(moov, 'mdia/minf/vmhd', trak) !== undefined;
  return {
    video,
    codec: codecOf(moov, entry),
    width: video ? moov.readUInt16BE(entry.body + 24) : 0,
    height: video ? moov.readUInt16BE(entry.body + 26) : 0,
    durationMs: mediaDuration(moov, mdhd),
  };
}

function mediaDuration(moov: Buffer, mdhd: Box): number {
  const long = moov[mdhd.body] === 1;
  const timescale = moov.readUInt32BE(mdhd.body + (long ? 20 : 12));
  const duration = long ? Number(moov.readBigUInt64BE(mdhd.body + 24)) : moov.readUInt32BE(mdhd.body + 16);
  return timescale ? Math.round((duration * 1000) / timescale) : 0;
}

/** Bytes of a VisualSampleEntry and an AudioSampleEntry before their child boxes (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const VISUAL_ENTRY = 78;
const AUDIO_ENTRY = 28;

function codecOf(moov: Buffer, entry: Box): string {
  if (entry.type === 'avc1' || entry.type === 'avc3') {
    const avcC = findBox(moov, 'avcC', { ...entry, body: entry.body + VISUAL_ENTRY });
    return avcC ? `${entry.type}.${moov.toString('hex', avcC.body + 1, avcC.body + 4)}` : entry.type;
  }
  if (entry.type === 'hvc1' || entry.type === 'hev1') {
    const hvcC = findBox(moov, 'hvcC', { ...entry, body: entry.body + VISUAL_ENTRY });
    return hvcC ? `${entry.type}.${hevcProfile(moov, hvcC.body)}` : entry.type;
  }
  if (entry.type === 'mp4a') {
    const esds = findBox(moov, 'esds', { ...entry, body: entry.body + AUDIO_ENTRY });
    return esds ? `mp4a.${audioObjectType(moov, esds)}` : 'mp4a.40.2';
  }
  return entry.type;
}

/** ISO/IEC 14496-15 Annex E.3: profile, reversed compatibility flags, tier and level, constraint bytes. */
function hevcProfile(moov: Buffer, at: number): string {
  const first = moov[at + 1]!;
  const space = ['', 'A', 'B', 'C'][first >> 6]!;
  let compatibility = moov.readUInt32BE(at + 2);
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++, compatibility >>>= 1) reversed = ((reversed << 1) | (compatibility & 1)) >>> 0;
  const constraints =
    moov
      .toString('hex', at + 6, at + 12)
      .replace(/(?:00)+$/, '')
      .match(/../g) ?? [];
  const tier = first & 0x20 ? 'H' : 'L';
  return [`${space}${first & 0x1f}`, reversed.toString(16), `${tier}${moov[at + 12]}`, ...constraints]
    .join('.')
    .toUpperCase();
}

/** The audio object type inside the DecoderSpecificInfo of an esds box (ISO/IEC 14496-1 §7.2.6), e.g. `40.2` for AAC-LC. */
function audioObjectType(moov: Buffer, esds: Box): string {
  let bytes = moov.subarray(esds.body + 4, esds.end);
  for (const [tag, fixed] of ESDS_PATH) {
    if (bytes[0] !== tag) return '40.2';
    let length = 1;
    while (bytes[length]! & 0x80) length++;
    bytes = bytes.subarray(length + 1 + fixed);
  }
  if (bytes.length < 2) return '40.2';
  const type = bytes[0]! >> 3;
  return `40.${type === 31 ? 32 + (((bytes[0]! & 7) << 3) | (bytes[1]! >> 5)) : type}`;
}

/** The descriptors around the DecoderSpecificInfo, and how many bytes of its own each has before the next. */
const ESDS_PATH = [
  [0x03, 3],
  [0x04, 13],
  [0x05, 0],
] as const;
