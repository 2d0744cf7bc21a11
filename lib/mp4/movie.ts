import { type Box, boxes } from './boxes.js';
import { children, Fields, only, unsupported } from './strict.js';

/** What a sample has unless its fragment says otherwise (`trex`, ISO/IEC 14496-12 §8.8.3). */
export interface SampleDefaults {
  duration: number;
  size: number;
  flags: number;
}

/** A track as the header of a fragmented MP4 has it: everything but its samples. The boxes are whole and verbatim. */
export interface Track {
  id: number;
  video: boolean;
  /** Ticks a second of the track's media time. */
  timescale: number;
  defaults: SampleDefaults;
  tkhd: Buffer;
  mdhd: Buffer;
  hdlr: Buffer;
  /** `vmhd` or `smhd`. */
  mediaHeader: Buffer;
  dinf: Buffer;
  stsd: Buffer;
}

export interface Movie {
  mvhd: Buffer;
  tracks: Track[];
}

/** One of pictures and one of sound is what we record. */
const MAX_TRACKS = 4;

/** `moov` with `empty_moov`. Throws a `Failure` `media-unsupported` if it holds more than ffmpeg writes there. */
export function readMovie(bytes: Buffer): Movie {
  const [moov] = boxes(bytes);
  if (moov?.type !== 'moov') throw unsupported('no moov');
  const parts = children(bytes, moov, ['mvhd', 'trak', 'mvex', 'udta']);
  const defaults = readDefaults(bytes, only(parts, 'mvex'));
  const traks = parts.get('trak') ?? [];
  if (traks.length > MAX_TRACKS) throw unsupported(`${traks.length} tracks`);
  const tracks = traks.map((trak) => readTrack(bytes, trak, defaults));
  if (new Set(tracks.map((track) => track.id)).size < tracks.length) throw unsupported('two tracks of one number');
  return { mvhd: copy(bytes, only(parts, 'mvhd')), tracks };
}

function readDefaults(bytes: Buffer, mvex: Box): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  for (const trex of children(bytes, mvex, ['mehd', 'trex']).get('trex') ?? []) {
    const fields = new Fields(bytes, trex);
    const id = fields.u32();
    const description = fields.u32();
    if (description !== 1) throw unsupported(`sample description ${description}`);
    defaults.set(id, { duration: fields.u32(), size: fields.u32(), flags: fields.u32() });
  }
  return defaults;
}

function readTrack(bytes: Buffer, trak: Box, defaults: Map<number, SampleDefaults>): Track {
  // No `edts` (ffmpeg leaves it out of an empty header) and no `tref`: what they say would have to be kept.
  const parts = children(bytes, trak, ['tkhd', 'mdia', 'udta']);
  const media = children(bytes, only(parts, 'mdia'), ['mdhd', 'hdlr', 'minf']);
  const information = children(bytes, only(media, 'minf'), ['vmhd', 'smhd', 'dinf', 'stbl']);
  const [tkhd, mdhd, hdlr] = [only(parts, 'tkhd'), only(media, 'mdhd'), only(media, 'hdlr')];
  const video = information.has('vmhd');
  const id = longFields(bytes, tkhd).u32();
  const trex = defaults.get(id);
  const timescale = longFields(bytes, mdhd).u32();
  if (!trex || timescale === 0) throw unsupported(`track ${id} has no ${trex ? 'timescale' : 'trex'}`);
  return {
    ...{ id, video, timescale, defaults: trex },
    tkhd: copy(bytes, tkhd),
    mdhd: copy(bytes, mdhd),
    hdlr: copy(bytes, hdlr),
    mediaHeader: copy(bytes, only(information, video ? 'vmhd' : 'smhd')),
    dinf: copy(bytes, only(information, 'dinf')),
    stsd: readDescription(bytes, only(information, 'stbl'), video),
  };
}

/** Past the times of creation and modification, whose width depends on the version. */
function longFields(bytes: Buffer, box: Box): Fields {
  const fields = new Fields(bytes, box);
  return fields.skip(fields.version === 1 ? 16 : 8);
}

/** Bytes of a VisualSampleEntry and an AudioSampleEntry before their child boxes (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const ENTRY = { video: 78, audio: 28 };

function readDescription(bytes: Buffer, stbl: Box, video: boolean): Buffer {
  const tables = children(bytes, stbl, ['stsd', 'stts', 'stsc', 'stsz', 'stco']);
  for (const type of ['stts', 'stsc', 'stco']) {
    if (new Fields(bytes, only(tables, type)).u32() > 0) throw unsupported('samples in the header');
  }
  if (new Fields(bytes, only(tables, 'stsz')).skip(4).u32() > 0) throw unsupported('samples in the header');
  const stsd = only(tables, 'stsd');
  const count = new Fields(bytes, stsd).u32();
  const [entry] = boxes(bytes, stsd.body + 8, stsd.end);
  if (count !== 1 || entry?.end !== stsd.end) throw unsupported(`${count} sample descriptions`);
  // Encrypted: `senc` and its company would have to be kept as well.
  if (entry.type === 'encv' || entry.type === 'enca') throw unsupported('encrypted media');
  if (entry.end - entry.body < (video ? ENTRY.video : ENTRY.audio)) throw unsupported(`${entry.type} is too short`);
  return copy(bytes, stsd);
}

function copy(bytes: Buffer, box: Box): Buffer {
  return Buffer.from(bytes.subarray(box.start, box.end));
}
