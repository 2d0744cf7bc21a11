import type { Movie, Track } from './movie.js';
import type { Samples } from './samples.js';
import { unsupported } from './strict.js';
import { box, chunkOffsets, durations, sampleTables, table, words } from './tables.js';

/** A movie whose samples are all known. */
export interface Complete {
  movie: Movie;
  tracks: { track: Track; samples: Samples }[];
}

const MAX_U32 = 0xffffffff;
/** Offsets of 32 bits are enough for as much media, whatever the size of the header before it. */
const WIDE = 3 * 2 ** 30;
const MICROSECONDS = 1_000_000;

/**
 * `ftyp`, `moov` and the header of the one `mdat` that follows with `payload` bytes. The first frame shown of the earliest
 * track is shown at 0.
 */
export function fileHeader(complete: Complete, payload: number): { header: Buffer; moov: Buffer } {
  const brands = box('ftyp', Buffer.from('isom\0\0\u{2}\0isomiso2mp41', 'latin1'));
  const mdat = mediaHeader(payload);
  const assemble = moovAssembler(atZero(complete));
  const wide = payload > WIDE;
  const base = brands.length + assemble(0, wide).length + mdat.length;
  const moov = assemble(base, wide);
  return { header: Buffer.concat([brands, moov, mdat]), moov };
}

function mediaHeader(payload: number): Buffer {
  if (payload + 8 <= MAX_U32) return Buffer.concat([words([payload + 8]), Buffer.from('mdat')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(payload + 16));
  return Buffer.concat([words([1]), Buffer.from('mdat'), size]);
}

/** As `ffmpeg -c copy` does: the first frame's time in whole microseconds is taken from every track. */
function atZero({ movie, tracks }: Complete): Complete {
  const start = Math.min(
    ...tracks.map(({ track, samples }) => rescale(shownFirst(samples), MICROSECONDS, track.timescale)),
  );
  return {
    movie,
    tracks: tracks.map(({ track, samples }) => {
      const shift = rescale(start, track.timescale, MICROSECONDS);
      return { track, samples: { ...samples, dts: samples.dts.map((time) => time - shift), end: samples.end - shift } };
    }),
  };
}

function shownFirst({ dts, cts }: Samples): number {
  return dts[0]! + cts[0]!;
}

/** The returned function builds `moov` for media that begins at `base`; its size does not depend on `base`. */
function moovAssembler({ movie, tracks }: Complete): (base: number, wide: boolean) => Buffer {
  const timescale = movie.mvhd.readUInt32BE(fieldAt(movie.mvhd, 12, 20));
  if (timescale === 0) throw unsupported('no timescale');
  const parts = tracks.map(({ track, samples }) => {
    const length = up(shownUntil(samples), timescale, track.timescale);
    const tkhd = withDuration(track.tkhd, 20, 28, length);
    const mdhd = withDuration(track.mdhd, 16, 24, samples.end - samples.dts[0]!);
    return {
      track,
      samples,
      length,
      tkhd,
      mdhd,
      elst: edits(track, samples, timescale),
      tables: sampleTables(samples),
    };
  });
  const mvhd = withDuration(movie.mvhd, 16, 24, Math.max(...parts.map(({ length }) => length)));
  return (base, wide) => {
    const traks = parts.map(({ track, samples, tkhd, mdhd, elst, tables }) => {
      const stbl = box('stbl', track.stsd, ...tables, chunkOffsets(samples.chunks, base, wide));
      const minf = box('minf', track.mediaHeader, track.dinf, stbl);
      return box('trak', tkhd, elst, box('mdia', mdhd, track.hdlr, minf));
    });
    return box('moov', mvhd, ...traks);
  };
}

/** When the last frame is gone. */
function shownUntil(samples: Samples): number {
  const lasting = durations(samples);
  return samples.dts.reduce(
    (end, time, index) => Math.max(end, time + samples.cts[index]! + lasting[index]!),
    -Infinity,
  );
}

/**
 * `edts`, as ffmpeg's muxer writes it: nothing until the track's first frame is due (in ticks of the movie), then from that
 * frame on. Decoding starts before, by the frame's composition offset.
 */
function edits(track: Track, samples: Samples, timescale: number): Buffer {
  const start = shownFirst(samples);
  const delay = Math.floor((start * timescale) / track.timescale);
  const length = up(shownUntil(samples) - start, timescale, track.timescale);
  const normalRate = 0x10000;
  const entries =
    delay > 0
      ? [2, delay, -1, normalRate, length, samples.cts[0]!, normalRate]
      : [1, length, Math.max(-samples.dts[0]!, 0), normalRate];
  return box('edts', table('elst', entries));
}

/** `box` with another duration: `short` and `long` are where versions 0 and 1 have it, counted from version and flags. */
function withDuration(full: Buffer, short: number, long: number, duration: number): Buffer {
  const bytes = Buffer.from(full);
  if (bytes[8] === 1) bytes.writeBigUInt64BE(BigInt(duration), fieldAt(bytes, short, long));
  else if (duration <= MAX_U32) bytes.writeUInt32BE(duration, fieldAt(bytes, short, long));
  else throw unsupported(`a duration of ${duration}`);
  return bytes;
}

function fieldAt(full: Buffer, short: number, long: number): number {
  const at = 8 + (full[8] === 1 ? long : short);
  if (at + 8 > full.length) throw unsupported('a header is too short');
  return at;
}

function up(value: number, to: number, from: number): number {
  return Math.ceil((value * to) / from);
}

/** Rounded to the nearest. Media time of a long run in microseconds needs more than a double has. */
function rescale(value: number, to: number, from: number): number {
  const [numerator, half] = [BigInt(value) * BigInt(to), BigInt(from) / 2n];
  return Number((numerator + (numerator < 0n ? -half : half)) / BigInt(from));
}
