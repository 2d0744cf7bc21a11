import { boxes } from './boxes.js';
import { type Complete, fileHeader } from './header.js';
import type { Track } from './movie.js';
import type { Samples } from './samples.js';
import { offsetsOf } from './sealed.js';
import { unsupported } from './strict.js';

/** A file, and what is wanted of it, in ms from its first picture's beginning. */
export interface CutPart {
  file: Complete;
  fromMs: number;
  toMs: number;
}

export interface Cut {
  /** What the film begins with; the pieces follow, one for each part. */
  header: Buffer;
  pieces: { start: number; end: number }[];
  bytes: number;
  parts: CutSpan[];
}

/** What became of a part: when, in ms of its own file, its first picture is shown and its last is gone; and where it is in the film. */
export interface CutSpan {
  startMs: number;
  endMs: number;
  frames: number;
  atMs: number;
}

type TrackSamples = Complete['tracks'][number];

/** Whether two files can be parts of one film: the same tracks, coded the same way. */
export function fits(a: Complete, b: Complete): boolean {
  const [some, others] = [ordered(a), ordered(b)];
  return (
    some.length === others.length &&
    some.every(({ track }, index) => {
      const other = others[index]!.track;
      return (
        track.video === other.video && track.timescale === other.timescale && decoding(track).equals(decoding(other))
      );
    })
  );
}

/** What a decoder must know, without the bit rates that muxers add, which differ from file to file. */
function decoding({ stsd, video }: Track): Buffer {
  const [entry] = boxes(stsd, 16);
  if (!entry) return stsd;
  const fixed = video ? VISUAL_ENTRY : AUDIO_ENTRY;
  const parts = [stsd.subarray(entry.start + 4, entry.body + fixed)];
  for (const child of boxes(stsd, entry.body + fixed, entry.end)) {
    if (child.type === 'esds') parts.push(withoutRates(stsd.subarray(child.body, child.end)));
    else if (child.type !== 'btrt') parts.push(stsd.subarray(child.start, child.end));
  }
  return Buffer.concat(parts);
}

/** Bytes of a VisualSampleEntry and an AudioSampleEntry before their child boxes (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const VISUAL_ENTRY = 78;
const AUDIO_ENTRY = 28;

/** What follows the buffer size and the rates of a DecoderConfigDescriptor: the DecoderSpecificInfo (ISO/IEC 14496-1 §7.2.6). */
function withoutRates(esds: Buffer): Buffer {
  let rest = esds.subarray(4);
  for (const [tag, fixed] of [
    [0x03, 3],
    [0x04, 13],
  ] as const) {
    if (rest[0] !== tag) return esds;
    let length = 1;
    while (rest[length]! & 0x80) length++;
    rest = rest.subarray(length + 1 + fixed);
  }
  return rest;
}

/** Pictures first; of sound and pictures one each. */
function ordered({ tracks }: Complete): TrackSamples[] {
  const found = [tracks.find(({ track }) => track.video), tracks.find(({ track }) => !track.video)];
  return found.filter((one) => one !== undefined);
}

/**
 * One film of parts that {@link fits}, by copying: each part begins with the last key frame at or before `fromMs` and ends with the
 * last frame shown before `toMs`. The parts follow each other without a break, whatever lay between them. Throws `media-unsupported`.
 */
export function cut(parts: readonly CutPart[]): Cut {
  const film = ordered(parts[0]!.file).map(({ track }) => ({ track, samples: nothing() }));
  const [pieces, spans]: [Cut['pieces'], CutSpan[]] = [[], []];
  /** Where the next part begins: in ticks of the video, and in bytes of all pieces laid end to end. */
  let [time, payload] = [0, 0];
  for (const part of parts) {
    if (!fits(parts[0]!.file, part.file)) throw unsupported('parts that do not go together');
    const tracks = ordered(part.file);
    const { track, samples } = tracks[0]!;
    const chosen = chooseFrames(
      samples,
      (part.fromMs * track.timescale) / 1_000,
      (part.toMs * track.timescale) / 1_000,
    );
    const shift = time - samples.dts[chosen.indices[0]!]!;
    const selections = tracks.map((one, index) =>
      index === 0
        ? chosen.indices
        : chooseSound(one, film[index]!.samples, { ...chosen, shift, timescale: track.timescale }),
    );
    const piece = extent(tracks, selections);
    for (const [index, selection] of selections.entries()) {
      const of = tracks[index]!;
      const moved = index === 0 ? shift : Math.round((shift * of.track.timescale) / track.timescale);
      append(film[index]!.samples, of.samples, selection, moved, payload - piece.start);
    }
    const toMs = (ticks: number) => (ticks * 1_000) / track.timescale;
    const frames = chosen.indices.length;
    // The first frame of all is moved to 0.
    const atMs = toMs(chosen.start + shift - film[0]!.samples.cts[0]!);
    spans.push({ startMs: toMs(chosen.start), endMs: toMs(chosen.end), frames, atMs });
    pieces.push(piece);
    payload += piece.end - piece.start;
    time = film[0]!.samples.end;
  }
  const tracks = film.filter(({ samples }) => samples.dts.length > 0);
  const { header } = fileHeader({ movie: parts[0]!.file.movie, tracks }, payload);
  return { header, pieces, bytes: header.length + payload, parts: spans };
}

function nothing(): Samples {
  return { dts: [], cts: [], sizes: [], keys: [], chunks: [], end: 0 };
}

/** Indices of samples, in their order. */
type Selection = readonly number[];

interface Frames {
  indices: Selection;
  /** Ticks at which the first is shown and the last is gone. */
  start: number;
  end: number;
}

function chooseFrames(samples: Samples, from: number, to: number): Frames {
  const shown = (index: number) => samples.dts[index]! + samples.cts[index]!;
  const keys = samples.keys.map((key) => key - 1);
  // Half a tick: times were milliseconds on their way here.
  const first = keys.findLast((key) => shown(key) <= from + 0.5) ?? keys[0];
  if (first === undefined) throw unsupported('no key frame');
  const last = samples.dts.findLastIndex((_, index) => index === first || shown(index) < to - 0.5);
  // What is decoded after a key frame and shown before it needs frames that are not there.
  const indices = range(first, last).filter((index) => shown(index) >= shown(first));
  const lasting = (index: number) => (samples.dts[index + 1] ?? samples.end) - samples.dts[index]!;
  const end = indices.reduce((latest, index) => Math.max(latest, shown(index) + lasting(index)), 0);
  return { indices, start: shown(first), end };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

const SOUND_BEHIND_SECONDS = 0.25;

/** The sound that is heard with the frames, after what an earlier part brought. */
function chooseSound(
  { track, samples }: TrackSamples,
  before: Samples,
  frames: { start: number; end: number; shift: number; timescale: number },
): Selection {
  const scale = track.timescale / frames.timescale;
  const moved = Math.round(frames.shift * scale);
  const lasting = (samples.end - samples.dts[0]!) / samples.dts.length;
  const start = frames.start * scale;
  // Files are cut at pictures: the sound of the last moment before is in the next file.
  const from =
    before.dts.length > 0
      ? Math.max(start - SOUND_BEHIND_SECONDS * track.timescale, before.end - moved - lasting / 2)
      : start;
  const first = samples.dts.findIndex((time) => time >= from);
  const last = samples.dts.findLastIndex((time) => time < frames.end * scale);
  return first < 0 ? [] : range(first, last);
}

/** The bytes of a file that hold what was chosen, and whatever lies between. */
function extent(tracks: readonly TrackSamples[], selections: readonly Selection[]) {
  const places = selections.flatMap((indices, index) => {
    const { samples } = tracks[index]!;
    const offsets = offsetsOf(samples);
    return indices.map((n) => ({ start: offsets[n]!, end: offsets[n]! + samples.sizes[n]! }));
  });
  return places.reduce((all, { start, end }) => ({ start: Math.min(all.start, start), end: Math.max(all.end, end) }));
}

function append(to: Samples, from: Samples, indices: Selection, shift: number, moved: number): void {
  const offsets = offsetsOf(from);
  const keys = new Set(from.keys);
  let expected = -1;
  for (const index of indices) {
    to.dts.push(from.dts[index]! + shift);
    to.cts.push(from.cts[index]!);
    to.sizes.push(from.sizes[index]!);
    if (keys.has(index + 1)) to.keys.push(to.dts.length);
    const offset = offsets[index]! + moved;
    if (offset === expected) to.chunks.at(-1)!.samples++;
    else to.chunks.push({ offset, samples: 1 });
    expected = offset + from.sizes[index]!;
  }
  const last = indices.at(-1);
  if (last !== undefined) to.end = (from.dts[last + 1] ?? from.end) + shift;
}
