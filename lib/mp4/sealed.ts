import { type Box, boxes, findBox } from './boxes.js';
import type { Complete } from './header.js';
import type { Track } from './movie.js';
import type { Samples } from './samples.js';
import { Fields, unsupported } from './strict.js';

/** More than a day at 30 frames a second has. */
const MAX_SAMPLES = 2 ** 22;

/**
 * What the `moov` of a plain MP4 says of its samples; `chunks` count in the file. Times are as they are shown, counted from the first
 * picture. Tracks other than picture and sound are passed over. Throws a `Failure` `media-unsupported` for
 * what is no plain recording, such as a fragmented file.
 */
export function readSealed(moov: Buffer): Complete {
  const root = findBox(moov, 'moov');
  const mvhd = root && findBox(moov, 'mvhd', root);
  if (!root || !mvhd) throw unsupported('no moov');
  if (findBox(moov, 'mvex', root)) throw unsupported('it is fragmented');
  const timescale = at(moov, mvhd, 12, 20);
  if (timescale === 0) throw unsupported('no timescale');
  const tracks: Complete['tracks'] = [];
  for (const trak of boxes(moov, root.body, root.end)) {
    const read = trak.type === 'trak' ? readTrack(moov, trak, timescale) : undefined;
    if (read && read.samples.dts.length > 0) tracks.push(read);
  }
  const video = tracks.find(({ track }) => track.video);
  if (!video) throw unsupported('no picture');
  countFrom(shownFirst(video.samples) / video.track.timescale, tracks);
  return { movie: { mvhd: copy(moov, mvhd), tracks: tracks.map(({ track }) => track) }, tracks };
}

function shownFirst({ dts, cts }: Samples): number {
  return dts.reduce((first, time, index) => Math.min(first, time + cts[index]!), Number.POSITIVE_INFINITY);
}

function countFrom(seconds: number, tracks: Complete['tracks']): void {
  for (const { track, samples } of tracks) {
    const shift = Math.round(seconds * track.timescale);
    samples.dts = samples.dts.map((time) => time - shift);
    samples.end -= shift;
  }
}

function readTrack(moov: Buffer, trak: Box, movieTimescale: number) {
  const part = (path: string) => findBox(moov, path, trak);
  const [tkhd, mdhd, hdlr] = [part('tkhd'), part('mdia/mdhd'), part('mdia/hdlr')];
  const [dinf, stbl] = [part('mdia/minf/dinf'), part('mdia/minf/stbl')];
  const mediaHeader = part('mdia/minf/vmhd') ?? part('mdia/minf/smhd');
  const stsd = stbl && findBox(moov, 'stsd', stbl);
  if (!tkhd || !mdhd || !hdlr || !dinf || !stbl || !stsd || !mediaHeader) return undefined;
  const timescale = at(moov, mdhd, 12, 20);
  if (timescale === 0) throw unsupported('a track without timescale');
  if (new Fields(moov, stsd).u32() !== 1) throw unsupported('several sample descriptions');
  const video = mediaHeader.type === 'vmhd';
  const samples = readSamples(moov, stbl);
  const shift = editShift(moov, part('edts/elst'), timescale / movieTimescale);
  samples.dts = samples.dts.map((time) => time + shift);
  samples.end += shift;
  const track: Track = {
    ...{ id: at(moov, tkhd, 12, 20), video, timescale, defaults: { duration: 0, size: 0, flags: 0 } },
    tkhd: copy(moov, tkhd),
    mdhd: copy(moov, mdhd),
    hdlr: copy(moov, hdlr),
    mediaHeader: copy(moov, mediaHeader),
    dinf: copy(moov, dinf),
    stsd: copy(moov, stsd),
  };
  return { track, samples };
}

/** What an edit list adds to all times: pictures due late are preceded by nothing, and decoding may begin before 0. */
function editShift(moov: Buffer, elst: Box | undefined, scale: number): number {
  if (!elst) return 0;
  const fields = new Fields(moov, elst);
  let empty = 0;
  for (let left = fields.u32(); left > 0; left--) {
    const length = fields.version === 1 ? fields.i64() : fields.u32();
    const start = fields.version === 1 ? fields.i64() : fields.i32();
    fields.skip(4);
    if (start >= 0) return Math.round(empty * scale) - start;
    empty += length;
  }
  return 0;
}

function readSamples(moov: Buffer, stbl: Box): Samples {
  const table = (type: string) => {
    const found = findBox(moov, type, stbl);
    return found && new Fields(moov, found);
  };
  const sizes = readSizes(table('stsz'));
  const count = sizes.length;
  const dts: number[] = [];
  let time = 0;
  for (const [run, lasting] of pairs(table('stts'))) {
    for (let n = 0; n < run && dts.length < count; n++, time += lasting) dts.push(time);
  }
  const cts: number[] = [];
  for (const [run, delay] of pairs(table('ctts'), true))
    for (let n = 0; n < run && cts.length < count; n++) cts.push(delay);
  while (cts.length < count) cts.push(0);
  const sync = table('stss');
  const keys = sync ? list(sync, sync.u32()) : sizes.map((_, index) => index + 1);
  if (dts.length !== count) throw unsupported(`${dts.length} times for ${count} samples`);
  return {
    dts,
    cts,
    sizes,
    keys,
    chunks: readChunks(table, count, findBox(moov, 'co64', stbl) !== undefined),
    end: time,
  };
}

function readSizes(stsz: Fields | undefined): number[] {
  const same = stsz?.u32() ?? 0;
  const count = stsz?.u32() ?? 0;
  if (count > MAX_SAMPLES) throw unsupported(`${count} samples`);
  return same > 0 ? Array.from({ length: count }, () => same) : list(stsz, count);
}

function readChunks(table: (type: string) => Fields | undefined, samples: number, wide: boolean): Samples['chunks'] {
  const places = table(wide ? 'co64' : 'stco');
  const count = places?.u32() ?? 0;
  if (count > MAX_SAMPLES) throw unsupported(`${count} chunks`);
  const runs: { first: number; samples: number }[] = [];
  const stsc = table('stsc');
  for (let left = stsc?.u32() ?? 0; left > 0; left--) {
    runs.push({ first: stsc!.u32(), samples: stsc!.u32() });
    stsc!.skip(4);
  }
  const chunks: Samples['chunks'] = [];
  let run = -1;
  for (let chunk = 1; chunk <= count; chunk++) {
    if (runs[run + 1]?.first === chunk) run++;
    chunks.push({ offset: wide ? places!.i64() : places!.u32(), samples: runs[run]?.samples ?? 0 });
  }
  if (chunks.reduce((sum, chunk) => sum + chunk.samples, 0) !== samples) throw unsupported('chunks that do not fit');
  return chunks;
}

function list(fields: Fields | undefined, count: number): number[] {
  if (!fields || fields.left < count * 4) throw unsupported('a table that is too short');
  return Array.from({ length: count }, () => fields.u32());
}

function* pairs(fields: Fields | undefined, signed = false): Generator<[number, number]> {
  for (let left = fields?.u32() ?? 0; left > 0; left--) yield [fields!.u32(), signed ? fields!.i32() : fields!.u32()];
}

/** A field of a full box, where versions 0 and 1 have it: counted from version and flags. */
function at(moov: Buffer, box: Box, short: number, long: number): number {
  const place = box.body + (moov[box.body] === 1 ? long : short);
  if (place + 4 > box.end) throw unsupported(`${box.type} is too short`);
  return moov.readUInt32BE(place);
}

function copy(bytes: Buffer, box: Box): Buffer {
  return Buffer.from(bytes.subarray(box.start, box.end));
}

/** Where each sample lies in the file. */
export function offsetsOf({ chunks, sizes }: Samples): number[] {
  const offsets: number[] = [];
  for (const { offset, samples } of chunks) {
    let place = offset;
    for (let n = 0; n < samples; n++) {
      offsets.push(place);
      place += sizes[offsets.length - 1]!;
    }
  }
  return offsets;
}
