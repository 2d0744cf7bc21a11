import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { SequentialFile } from '../sequential-file.js';
import { type Box, fileBoxes } from './boxes.js';
import { describeHeader, type Mp4Description } from './describe.js';
import { fileHeader } from './header.js';
import { type Movie, readMovie } from './movie.js';
import { PayloadReader, readWhole } from './payload-reader.js';
import { SampleReader } from './samples.js';
import { unsupported } from './strict.js';

/** What was written, described as {@link describeMp4} would. */
export interface Sealed extends Omit<Mp4Description, 'faststart'> {
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** A header larger than these is not one of a recording: they hold no samples, and those of one group of pictures. */
const MAX_MOOV = 2 ** 20;
const MAX_MOOF = 2 ** 23;

/**
 * Writes the fragmented MP4 `from`, as `segmentArguments` have ffmpeg record it, to `to` with one complete header before the
 * media, so that every player opens it and seeks at once. No frame is changed; frames and times are those of
 * `ffmpeg -c copy -movflags +faststart`, for a small part of the processor time: the media is read once, hashed and written.
 * A fragment that was cut off at the end is left out.
 *
 * Throws a `Failure` `media-unsupported` for anything ffmpeg would not have written in a recording (nothing is written
 * then), and the plain error of the file system (`ENOSPC` …), after which `to` is to be removed.
 */
export async function sealFragments(from: string, to: string, signal: AbortSignal): Promise<Sealed> {
  const source = await open(from, 'r');
  try {
    const { movie, reader, payloads } = await readFragments(source, signal);
    const tracks = movie.tracks
      .map((track) => ({ track, samples: reader.of(track) }))
      .filter(({ samples }) => samples.dts.length > 0);
    const video = tracks.find(({ track }) => track.video);
    // Frames before the first keyframe cannot be decoded: ffmpeg leaves them out.
    if (video?.samples.keys[0] !== 1) throw unsupported('no video that starts with a keyframe');
    const payload = payloads.reduce((sum, { body, end }) => sum + end - body, 0);
    const { header, moov } = fileHeader({ movie, tracks }, payload);
    const description = describeHeader(moov, true);
    if (!description) throw unsupported('no video');
    const { codecs, width, height, durationMs } = description;
    const sha256 = await write(to, header, source, payloads, signal);
    return { bytes: header.length + payload, sha256, durationMs, codecs, width, height };
  } finally {
    await source.close();
  }
}

async function readFragments(source: FileHandle, signal: AbortSignal) {
  let movie: Movie | undefined;
  let reader: SampleReader | undefined;
  let moof: { start: number; bytes: Buffer } | undefined;
  const payloads: Box[] = [];
  for await (const box of fileBoxes(source)) {
    signal.throwIfAborted();
    if (moof && box.type !== 'mdat') throw unsupported(`${box.type} after moof`);
    if (box.type === 'moov' && !movie) {
      movie = readMovie(await boxBytes(source, box, MAX_MOOV));
      reader = new SampleReader(movie.tracks);
    } else if (box.type === 'moof' && movie) {
      moof = { start: box.start, bytes: await boxBytes(source, box, MAX_MOOF) };
    } else if (box.type === 'mdat' && moof && reader) {
      reader.add(moof.bytes, moof.start, box);
      payloads.push(box);
      moof = undefined;
    } else if (!['ftyp', 'mfra', 'free'].includes(box.type)) {
      throw unsupported(`${box.type} where there should be none`);
    }
  }
  if (!movie || !reader) throw unsupported('no moov');
  return { movie, reader, payloads };
}

async function boxBytes(source: FileHandle, box: Box & { head: Buffer }, limit: number): Promise<Buffer> {
  const size = box.end - box.start;
  if (size > limit) throw unsupported(`${box.type} of ${size} bytes`);
  if (box.head.length >= size) return box.head.subarray(0, size);
  const bytes = Buffer.allocUnsafe(size);
  await readWhole(source, [bytes], box.start);
  return bytes;
}

/** Returns the SHA-256 of all that was written. */
async function write(
  to: string,
  header: Buffer,
  source: FileHandle,
  payloads: readonly Box[],
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const target = await SequentialFile.create(to);
  try {
    hash.update(header);
    await target.append(header);
    const reader = new PayloadReader(source, payloads);
    while (!reader.done) {
      signal.throwIfAborted();
      const { room } = target;
      const length = await reader.read(room);
      hash.update(room.subarray(0, length));
      await target.filled(length);
    }
    await target.finish();
  } finally {
    await target.close();
  }
  return hash.digest('hex');
}
