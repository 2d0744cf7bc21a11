import { Failure } from '../errors.js';
import { type Complete, fileHeader } from './header.js';
import { type ReadBytes, readMoov } from './remote-file.js';
import { offsetsOf, readSealed } from './sealed.js';

/** Key frames fetched at once: from far away each costs a round trip. */
const AT_ONCE = 8;

/**
 * A small MP4 with one frame for each of `timesMs` (from the beginning of the file, ascending): the last key frame at or before it, or
 * the first there is. Of the file only the header and those frames are read. Throws as `readSealed`, and `media-truncated` where it ends before them.
 */
export async function keyframesAt(read: ReadBytes, size: number, timesMs: readonly number[]): Promise<Buffer> {
  const whole = readSealed(await readMoov(read, size));
  const { track, samples } = whole.tracks.find(({ track: one }) => one.video)!;
  const offsets = offsetsOf(samples);
  const keys = samples.keys.map((key) => ({
    timeMs: ((samples.dts[key - 1]! + samples.cts[key - 1]!) * 1_000) / track.timescale,
    start: offsets[key - 1]!,
    bytes: samples.sizes[key - 1]!,
  }));
  if (keys.length === 0) return Buffer.alloc(0);
  const chosen = timesMs.map((time) => keys.findLast(({ timeMs }) => timeMs <= time + 1) ?? keys[0]!);
  const distinct = [...new Set(chosen)];
  const frames = new Map<(typeof keys)[number], Buffer>();
  for (let at = 0; at < distinct.length; at += AT_ONCE) {
    const some = distinct.slice(at, at + AT_ONCE);
    const bytes = await Promise.all(some.map(({ start, bytes: length }) => read(start, start + length)));
    for (const [index, key] of some.entries()) frames.set(key, complete(bytes[index]!, key.bytes));
  }
  return film(
    whole,
    chosen.map((key) => frames.get(key)!),
  );
}

/** Half a picture is shown as one that is grey below. */
function complete(frame: Buffer, bytes: number): Buffer {
  if (frame.length === bytes) return frame;
  throw new Failure('The file ends before its pictures do.', { kind: 'permanent', code: 'media-truncated' });
}

/** One frame a second. */
function film({ movie, tracks }: Complete, frames: readonly Buffer[]): Buffer {
  const { track } = tracks.find(({ track: one }) => one.video)!;
  const sizes = frames.map((frame) => frame.length);
  let offset = 0;
  const chunks = sizes.map((size) => {
    offset += size;
    return { offset: offset - size, samples: 1 };
  });
  const dts = frames.map((_, index) => index * track.timescale);
  const samples = {
    ...{ dts, cts: frames.map(() => 0), sizes, chunks, keys: frames.map((_, index) => index + 1) },
    end: frames.length * track.timescale,
  };
  const { header } = fileHeader({ movie: { ...movie, tracks: [track] }, tracks: [{ track, samples }] }, offset);
  return Buffer.concat([header, ...frames]);
}
