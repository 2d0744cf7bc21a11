import { type Box, boxes } from './boxes.js';
import type { SampleDefaults, Track } from './movie.js';
import { children, Fields, only, unsupported } from './strict.js';

/** Samples of one track in decoding order; times are ticks of the track's timescale. */
export interface Samples {
  /** When each is decoded. */
  dts: number[];
  /** How much later each is shown. */
  cts: number[];
  sizes: number[];
  /** Numbers (from 1) of those decoding can start at. */
  keys: number[];
  /** Runs of samples that lie one after another; `offset` counts in the payloads of all `mdat` boxes laid end to end. */
  chunks: { offset: number; samples: number }[];
  /** When the last one ends. */
  end: number;
}

/** A whole file of 24 hours at 20 frames a second has fewer in either track. */
const MAX_SAMPLES = 2 ** 22;

/** ISO/IEC 14496-12 §8.8.7, §8.8.8. */
const TFHD = { description: 0x2, duration: 0x8, size: 0x10, flags: 0x20, baseIsMoof: 0x20000 };
const TRUN = { offset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, cts: 0x800 };
const sum = (flags: Record<string, number>) => Object.values(flags).reduce((all, flag) => all | flag, 0);

/** §8.8.3.1: `sample_is_non_sync_sample`, and `sample_depends_on` = 1. ffmpeg takes either for "no keyframe". */
const NO_KEYFRAME = 0x01010000;

/** Collects the samples of a fragmented MP4, fragment by fragment, in file order. */
export class SampleReader {
  readonly #tracks: Map<number, { track: Track; samples: Samples }>;
  #sequence = -1;
  /** Bytes of `mdat` payload before the fragment that comes next. */
  #payload = 0;

  constructor(tracks: readonly Track[]) {
    const empty = (): Samples => ({ dts: [], cts: [], sizes: [], keys: [], chunks: [], end: 0 });
    this.#tracks = new Map(tracks.map((track) => [track.id, { track, samples: empty() }]));
  }

  of(track: Track): Samples {
    return this.#tracks.get(track.id)!.samples;
  }

  /** `moof` is the box at `start` in the file. Throws a `Failure` `media-unsupported`. */
  add(moof: Buffer, start: number, mdat: Box): void {
    const [box] = boxes(moof);
    if (!box) throw unsupported('moof is not whole');
    const parts = children(moof, box, ['mfhd', 'traf']);
    const sequence = new Fields(moof, only(parts, 'mfhd')).u32();
    if (sequence <= this.#sequence) throw unsupported('fragments out of order');
    this.#sequence = sequence;
    const seen = new Set<number>();
    for (const traf of parts.get('traf') ?? []) {
      const id = this.#addTrack(moof, traf, { start, mdat });
      if (seen.has(id)) throw unsupported(`track ${id} twice in a fragment`);
      seen.add(id);
    }
    this.#payload += mdat.end - mdat.body;
  }

  #addTrack(moof: Buffer, traf: Box, place: { start: number; mdat: Box }): number {
    const parts = children(moof, traf, ['tfhd', 'tfdt', 'trun']);
    const tfhd = new Fields(moof, only(parts, 'tfhd'));
    const id = tfhd.u32();
    const known = this.#tracks.get(id);
    if (!known) throw unsupported(`unknown track ${id}`);
    const defaults = readDefaults(tfhd, known.track.defaults);
    const tfdt = new Fields(moof, only(parts, 'tfdt'));
    // ffmpeg writes, and reads, times before zero here: an AAC encoder's first packet has one.
    let time = tfdt.version === 1 ? tfdt.i64() : tfdt.u32();
    for (const trun of parts.get('trun') ?? []) {
      time = this.#addRun(known, new Fields(moof, trun), { time, defaults, ...place });
    }
    return id;
  }

  /** Returns when the run ends. */
  #addRun(
    { track, samples }: { track: Track; samples: Samples },
    trun: Fields,
    { time, defaults, start, mdat }: { time: number; defaults: SampleDefaults; start: number; mdat: Box },
  ): number {
    const { flags } = trun;
    if (flags & ~sum(TRUN) || !(flags & TRUN.offset)) throw unsupported(`trun with flags ${flags}`);
    const count = trun.u32();
    const first = start + trun.i32();
    let flagsOfFirst = flags & TRUN.firstFlags ? trun.u32() : undefined;
    const width = [TRUN.duration, TRUN.size, TRUN.flags, TRUN.cts].filter((flag) => flags & flag).length * 4;
    if (count === 0 || trun.left !== count * width) throw unsupported(`trun of ${count} samples`);
    if (samples.dts.length + count > MAX_SAMPLES) throw unsupported(`more than ${MAX_SAMPLES} samples`);
    let at = first;
    for (let index = 0; index < count; index++) {
      if (time <= (samples.dts.at(-1) ?? -Infinity)) throw unsupported('frames out of order');
      samples.dts.push(time);
      time += flags & TRUN.duration ? trun.u32() : defaults.duration;
      const size = flags & TRUN.size ? trun.u32() : defaults.size;
      const sampleFlags = flags & TRUN.flags ? trun.u32() : defaults.flags;
      samples.cts.push(flags & TRUN.cts ? trun.i32() : 0);
      samples.sizes.push(size);
      if (!track.video || !((flagsOfFirst ?? sampleFlags) & NO_KEYFRAME)) samples.keys.push(samples.dts.length);
      flagsOfFirst = undefined;
      at += size;
      if (size === 0 || at > mdat.end) throw unsupported(`a sample of ${size} bytes`);
    }
    if (first < mdat.body) throw unsupported('samples outside of their fragment');
    samples.chunks.push({ offset: this.#payload + first - mdat.body, samples: count });
    samples.end = time;
    return time;
  }
}

function readDefaults(tfhd: Fields, { duration, size, flags }: SampleDefaults): SampleDefaults {
  const has = tfhd.flags;
  if (has & ~sum(TFHD) || !(has & TFHD.baseIsMoof)) throw unsupported(`tfhd with flags ${has}`);
  if (has & TFHD.description && tfhd.u32() !== 1) throw unsupported('another sample description');
  return {
    duration: has & TFHD.duration ? tfhd.u32() : duration,
    size: has & TFHD.size ? tfhd.u32() : size,
    flags: has & TFHD.flags ? tfhd.u32() : flags,
  };
}
