import { box, table, words } from './tables.js';

/** A track as the header of a fragmented MP4 names it. */
export interface TrackHeader {
  kind: 'video' | 'audio';
  timescale: number;
  /** The sample entry for `stsd`. */
  entry: Buffer;
  width: number;
  height: number;
}

/** ISO/IEC 14496-12 §8.3.1: enabled, in the movie. */
const SHOWN = 3;
const IDENTITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
const MOVIE_HZ = 1_000;
/** `und`, packed in five bits a letter. */
const UNDETERMINED = 0x55c40000;

/** `ftyp` and `moov` without samples, for fragments with `default-base-is-moof`. Tracks are numbered from 1 in this order. */
export function initSegment(tracks: readonly TrackHeader[]): Buffer {
  const brands = box('ftyp', Buffer.from('iso5\0\0\u{2}\0iso5iso6mp41', 'latin1'));
  const mvhd = table('mvhd', [
    0,
    0,
    MOVIE_HZ,
    0,
    0x10000,
    0x1000000,
    0,
    0,
    ...IDENTITY,
    0,
    0,
    0,
    0,
    0,
    0,
    tracks.length + 1,
  ]);
  const traks = tracks.map((track, index) => trakBox(track, index + 1));
  const extends_ = tracks.map((_, index) => table('trex', [index + 1, 1, 0, 0, 0]));
  return Buffer.concat([brands, box('moov', mvhd, ...traks, box('mvex', ...extends_))]);
}

function trakBox(track: TrackHeader, id: number): Buffer {
  const video = track.kind === 'video';
  const size = [track.width * 65_536, track.height * 65_536];
  const volume = video ? 0 : 0x1000000;
  const tkhd = box('tkhd', words([SHOWN, 0, 0, id, 0, 0, 0, 0, 0, volume, ...IDENTITY, ...size]));
  const mdhd = table('mdhd', [0, 0, track.timescale, 0, UNDETERMINED]);
  const hdlr = box('hdlr', words([0, 0]), Buffer.from(video ? 'vide' : 'soun'), Buffer.alloc(13));
  const header = video ? box('vmhd', words([1, 0, 0])) : table('smhd', [0]);
  // The media is in this file.
  const dinf = box('dinf', box('dref', words([0, 1]), box('url ', words([1]))));
  const tables = ['stts', 'stsc', 'stco'].map((type) => table(type, [0]));
  const stbl = box('stbl', box('stsd', words([0, 1]), track.entry), ...tables, table('stsz', [0, 0]));
  return box('trak', tkhd, box('mdia', mdhd, hdlr, box('minf', header, dinf, stbl)));
}
