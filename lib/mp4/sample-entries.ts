import type { H264Format } from '../video/h264.js';
import type { H265Format } from '../video/h265.js';
import type { PictureFormat } from '../video/picture-format.js';
import { box } from './tables.js';

/** `avc1` with its `avcC` (ISO/IEC 14496-15 §5.3.3, §5.4.2). NAL units carry their length in four bytes. */
export function avc1(format: H264Format, sps: readonly Buffer[], pps: readonly Buffer[]): Buffer {
  const [first] = sps;
  const { high, chroma, lumaBits, chromaBits } = format;
  const colour = high ? [Buffer.from([0xfc | chroma, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0])] : [];
  const config = Buffer.concat([
    Buffer.from([1, first![1]!, first![2]!, first![3]!, 0xff, 0xe0 | sps.length]),
    ...sps.map(withLength),
    Buffer.from([pps.length]),
    ...pps.map(withLength),
    ...colour,
  ]);
  return visual('avc1', format, box('avcC', config));
}

const HEVC_ARRAYS = [32, 33, 34] as const;

/** `hvc1` with its `hvcC` (ISO/IEC 14496-15 §8.3.3, §8.4.1). `sets` are VPS, SPS and PPS. */
export function hvc1(format: H265Format, sets: readonly (readonly Buffer[])[]): Buffer {
  const { profile, chroma, lumaBits, chromaBits, layers, nested } = format;
  const fixed = Buffer.concat([
    Buffer.from([1]),
    profile,
    // No minimum of spatial segmentation; parallelism and frame rates unknown.
    Buffer.from([0xf0, 0, 0xfc, 0xfc | chroma, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0, 0]),
    Buffer.from([(layers << 3) | (nested ? 4 : 0) | 3, sets.length]),
  ]);
  const arrays = sets.map((array, index) =>
    // The first bit: all sets of this kind are here.
    Buffer.concat([Buffer.from([0x80 | HEVC_ARRAYS[index]!, 0, array.length]), ...array.map(withLength)]),
  );
  return visual('hvc1', format, box('hvcC', fixed, ...arrays));
}

function withLength(set: Buffer): Buffer {
  return Buffer.concat([Buffer.from([set.length >> 8, set.length & 0xff]), set]);
}

/** VisualSampleEntry (ISO/IEC 14496-12 §12.1.3). */
function visual(type: string, { width, height, aspect }: PictureFormat, config: Buffer): Buffer {
  const entry = Buffer.alloc(78);
  entry.writeUInt16BE(1, 6);
  entry.writeUInt16BE(width, 24);
  entry.writeUInt16BE(height, 26);
  entry.writeUInt32BE(0x480000, 28);
  entry.writeUInt32BE(0x480000, 32);
  entry.writeUInt16BE(1, 40);
  entry.writeUInt16BE(24, 74);
  entry.writeUInt16BE(0xffff, 76);
  if (!aspect) return box(type, entry, config);
  const pasp = Buffer.alloc(8);
  pasp.writeUInt32BE(aspect.horizontal, 0);
  pasp.writeUInt32BE(aspect.vertical, 4);
  return box(type, entry, config, box('pasp', pasp));
}

/** `mp4a` with its `esds` (ISO/IEC 14496-12 §12.2.3, ISO/IEC 14496-14 §5.6). `config` is the AudioSpecificConfig. */
export function mp4a(config: Buffer, sampleRate: number, channels: number): Buffer {
  const entry = Buffer.alloc(28);
  entry.writeUInt16BE(1, 6);
  entry.writeUInt16BE(channels, 16);
  entry.writeUInt16BE(16, 18);
  entry.writeUInt16BE(sampleRate & 0xffff, 24);
  // AAC, an audio stream; buffer and bit rates unknown.
  const decoder = Buffer.concat([Buffer.from([0x40, 0x15]), Buffer.alloc(11), descriptor(5, config)]);
  const stream = Buffer.concat([Buffer.from([0, 1, 0]), descriptor(4, decoder), descriptor(6, Buffer.from([2]))]);
  return box('mp4a', entry, box('esds', Buffer.alloc(4), descriptor(3, stream)));
}

/** ISO/IEC 14496-1 §7.2.2: a tag and a length in bytes of seven bits. */
function descriptor(tag: number, content: Buffer): Buffer {
  if (content.length > 0x3fff) throw new RangeError(`a description of ${content.length} bytes`);
  return Buffer.concat([Buffer.from([tag, 0x80 | (content.length >> 7), content.length & 0x7f]), content]);
}
