import { H264 } from './h264.js';
import { H265 } from './h265.js';

export type VideoCodec = 'H264' | 'H265';

const START_CODE = 1;

/** What a delimiter holds: any kind of slice may come (ITU-T H.264 §7.4.2.4, H.265 §7.4.3.5). */
const DELIMITERS: Record<VideoCodec, Buffer> = {
  H264: Buffer.from([0, 0, 0, 1, H264.delimiter, 0xf0]),
  H265: Buffer.from([0, 0, 0, 1, H265.delimiter << 1, 1, 0x50]),
};

/**
 * A picture as a byte stream has it: start codes in place of the lengths (four bytes each), and a delimiter behind it. Without the delimiter
 * a reader would know only from the next picture that this one is whole. Throws a RangeError where lengths and bytes disagree.
 */
export function toByteStream(unit: Buffer, codec: VideoCodec): Buffer {
  const delimiter = DELIMITERS[codec];
  const stream = Buffer.allocUnsafe(unit.length + delimiter.length);
  unit.copy(stream);
  for (let at = 0; at < unit.length; ) {
    const length = at + 4 <= unit.length ? unit.readUInt32BE(at) : 0;
    if (length === 0 || at + 4 + length > unit.length) throw new RangeError('lengths and bytes of a picture disagree');
    stream.writeUInt32BE(START_CODE, at);
    at += 4 + length;
  }
  delimiter.copy(stream, unit.length);
  return stream;
}

/** Where the box with the parameter sets begins in a sample entry: behind its own head and 78 bytes (ISO/IEC 14496-12 §12.1.3). */
const CONFIG_BOX = 8 + 78;

export interface EntryContent {
  codec: VideoCodec;
  /** The parameter sets as a byte stream: what a decoder needs before the first picture. */
  sets: Buffer;
}

/** Reads `avc1` and `hvc1` sample entries (ISO/IEC 14496-15 §5.3.3, §8.3.3). Throws a RangeError for any other, or a broken one. */
export function readEntry(entry: Buffer): EntryContent {
  const type = entry.toString('latin1', 4, 8);
  const config = entry.subarray(CONFIG_BOX + 8);
  if (type === 'avc1') return { codec: 'H264', sets: avcSets(config) };
  if (type === 'hvc1') return { codec: 'H265', sets: hevcSets(config) };
  throw new RangeError(`pictures as ${type}`);
}

function avcSets(config: Buffer): Buffer {
  const sequence = readSets(config, 6, config.readUInt8(5) & 0x1f);
  const picture = readSets(config, sequence.end + 1, config.readUInt8(sequence.end));
  return Buffer.concat([...sequence.sets, ...picture.sets]);
}

function hevcSets(config: Buffer): Buffer {
  const all: Buffer[] = [];
  let at = 23;
  for (let array = config.readUInt8(22); array > 0; array--) {
    const { sets, end } = readSets(config, at + 3, config.readUInt16BE(at + 1));
    all.push(...sets);
    at = end;
  }
  return Buffer.concat(all);
}

function readSets(config: Buffer, from: number, count: number): { sets: Buffer[]; end: number } {
  const sets: Buffer[] = [];
  let at = from;
  for (; sets.length < count * 2; ) {
    const length = config.readUInt16BE(at);
    if (at + 2 + length > config.length) throw new RangeError('a parameter set is cut off');
    sets.push(Buffer.from([0, 0, 0, START_CODE]), config.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { sets, end: at };
}
