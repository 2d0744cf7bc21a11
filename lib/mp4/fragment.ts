import { type Slabs, SlabWriter } from './slabs.js';
import { box, table, words } from './tables.js';

export interface Sample {
  /** Ticks of the track; `dts` ascends strictly. */
  pts: number;
  dts: number;
  key: boolean;
  data: Buffer;
}

/** A fragment ready to be written: the pieces in order, and the memory to give back once they are. */
export interface FragmentBytes {
  parts: Buffer[];
  slabs: Buffer[];
  length: number;
}

/** ISO/IEC 14496-12 §8.8.7, §8.8.8. */
const DEFAULT_FLAGS = 0x20;
const BASE_IS_MOOF = 0x20000;
const OFFSET = 0x1;
const FIRST_FLAGS = 0x4;
const DURATION = 0x100;
const SIZE = 0x200;
const COMPOSITION = 0x800;

/** In `traf`, as it is made here: behind its own head, `tfhd`, `tfdt`, and the head, flags and count of `trun`. */
const DATA_OFFSET_AT = 8 + 20 + 20 + 16;

/** §8.8.3.1: depends on others and is no place to start, or neither. */
const DEPENDENT = 0x01010000;
const KEY = 0x02000000;

/** The samples of one track in the fragment under way. */
class FragmentTrack {
  dts: number[] = [];
  #sizes: number[] = [];
  #delays: number[] = [];
  #key = false;
  readonly media: SlabWriter;

  constructor(
    readonly id: number,
    readonly video: boolean,
    slabs: Slabs,
  ) {
    this.media = new SlabWriter(slabs);
  }

  add({ pts, dts, key, data }: Sample): void {
    if (this.dts.length === 0) this.#key = key;
    this.dts.push(dts);
    this.#delays.push(pts - dts);
    this.#sizes.push(data.length);
    this.media.append(data);
  }

  /** `traf`, whose last sample ends at `end`; where its media begins is to be written at {@link DATA_OFFSET_AT}. */
  box(end: number): Buffer {
    const flags = this.video ? DEPENDENT : KEY;
    const tfhd = box('tfhd', words([DEFAULT_FLAGS | BASE_IS_MOOF, this.id, flags]));
    const time = Buffer.allocUnsafe(8);
    time.writeBigInt64BE(BigInt(this.dts[0]!));
    const tfdt = box('tfdt', words([0x1000000]), time);
    return box('traf', tfhd, tfdt, box('trun', words(this.#run(end))));
  }

  clear(): void {
    this.dts = [];
    this.#sizes = [];
    this.#delays = [];
  }

  /** Version 1: a picture may be shown before its time of decoding, by the letter. */
  #run(end: number): number[] {
    const first = this.video && this.#key;
    const flags = OFFSET | DURATION | SIZE | (first ? FIRST_FLAGS : 0) | (this.video ? COMPOSITION : 0);
    const fields = [0x1000000 + flags, this.dts.length, 0, ...(first ? [KEY] : [])];
    for (let index = 0; index < this.dts.length; index++) {
      fields.push((this.dts[index + 1] ?? end) - this.dts[index]!, this.#sizes[index]!);
      if (this.video) fields.push(this.#delays[index]!);
    }
    return fields;
  }
}

/**
 * The fragment under way of an MP4 with one track of pictures and perhaps one of sound: a group of pictures and the sound
 * that came with it, as ffmpeg writes them with `frag_keyframe`. Track 1 is the pictures, track 2 the sound.
 */
export class Fragment {
  readonly #video: FragmentTrack;
  readonly #audio: FragmentTrack;
  #sequence = 0;

  constructor(slabs: Slabs) {
    this.#video = new FragmentTrack(1, true, slabs);
    this.#audio = new FragmentTrack(2, false, slabs);
  }

  /** Bytes of media in it. */
  get length(): number {
    return this.#video.media.length + this.#audio.media.length;
  }

  /** Decoding time of its first picture; undefined while there is none. */
  get start(): number | undefined {
    return this.#video.dts[0];
  }

  /** Decoding time of its last picture, and how many there are. */
  get last(): { dts: number; count: number } | undefined {
    const { dts } = this.#video;
    return dts.length > 0 ? { dts: dts.at(-1)!, count: dts.length } : undefined;
  }

  video(sample: Sample): void {
    this.#video.add(sample);
  }

  audio(sample: Sample): void {
    this.#audio.add(sample);
  }

  /** Fragments are numbered from 1 in each file. */
  restart(): void {
    this.#sequence = 0;
  }

  /** Takes what there is: `end` is when the last picture ends, `unitTicks` how long a frame of sound lasts. */
  take(end: number, unitTicks: number): FragmentBytes {
    const tracks = [this.#video, this.#audio].filter(({ dts }) => dts.length > 0);
    const ends = tracks.map(({ video, dts }) => (video ? end : dts.at(-1)! + unitTicks));
    const mfhd = table('mfhd', [++this.#sequence]);
    const trafs = tracks.map((track, index) => track.box(ends[index]!));
    const moof = box('moof', mfhd, ...trafs);
    const base = moof.length + 8;
    let at = moof.length - trafs.reduce((size, traf) => size + traf.length, 0);
    for (const [index, { video }] of tracks.entries()) {
      moof.writeInt32BE(video ? base : base + this.#video.media.length, at + DATA_OFFSET_AT);
      at += trafs[index]!.length;
    }
    const length = this.length;
    const mdat = Buffer.allocUnsafe(8);
    mdat.writeUInt32BE(8 + length);
    mdat.write('mdat', 4, 'latin1');
    const media = tracks.map((track) => track.media.empty());
    for (const track of tracks) track.clear();
    const parts = [Buffer.concat([moof, mdat]), ...media.flatMap(({ parts: pieces }) => pieces)];
    return { parts, slabs: media.flatMap(({ slabs }) => slabs), length: parts[0]!.length + length };
  }
}
