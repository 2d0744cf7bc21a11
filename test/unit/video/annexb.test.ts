import { describe, expect, it } from 'vitest';
import { avc1, hvc1 } from '../../../lib/mp4/sample-entries.js';
import { readEntry, toByteStream } from '../../../lib/video/annexb.js';
import type { H264Format } from '../../../lib/video/h264.js';
import type { H265Format } from '../../../lib/video/h265.js';

const unit = Buffer.from([0, 0, 0, 2, 0x67, 0x42, 0, 0, 0, 3, 0x65, 0x88, 0x80]);
const format = { width: 640, height: 360, aspect: undefined, reorder: 0, chroma: 1, lumaBits: 8, chromaBits: 8 };

describe('a picture as a byte stream', () => {
  it('has start codes for lengths, and a delimiter behind it', () => {
    expect([...toByteStream(unit, 'H264')]).toEqual([
      ...[0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x65, 0x88, 0x80],
      ...[0, 0, 0, 1, 9, 0xf0],
    ]);
    expect([...toByteStream(unit, 'H265').subarray(-7)]).toEqual([0, 0, 0, 1, 0x46, 1, 0x50]);
  });

  it('leaves the picture itself alone, which may be recorded too', () => {
    const before = Buffer.from(unit);
    toByteStream(unit, 'H264');
    expect(unit).toEqual(before);
  });

  it('is refused where lengths and bytes disagree', () => {
    for (const broken of [
      unit.subarray(0, -1),
      unit.subarray(0, 8),
      Buffer.alloc(4),
      Buffer.from([255, 255, 255, 255, 1]),
    ]) {
      expect(() => toByteStream(broken, 'H264')).toThrow(RangeError);
    }
  });
});

describe('the parameter sets of a sample entry', () => {
  const [sps, pps, more] = [Buffer.from([0x67, 0x42, 0xc0, 0x1e, 1]), Buffer.from([0x68, 2]), Buffer.from([0x68, 3])];
  const started = (...sets: Buffer[]) => Buffer.concat(sets.flatMap((set) => [Buffer.from([0, 0, 0, 1]), set]));

  it('are read back from H.264', () => {
    for (const high of [true, false]) {
      const entry = avc1({ ...format, high } as H264Format, [sps], [pps, more]);
      expect(readEntry(entry)).toEqual({ codec: 'H264', sets: started(sps, pps, more) });
    }
  });

  it('are read back from H.265', () => {
    const entry = hvc1({ ...format, profile: Buffer.alloc(12), layers: 1, nested: true } as H265Format, [
      [more],
      [sps],
      [pps],
    ]);
    expect(readEntry(entry)).toEqual({ codec: 'H265', sets: started(more, sps, pps) });
  });

  it('are refused in what is neither, or cut off', () => {
    const entry = avc1({ ...format, high: false } as H264Format, [sps], [pps]);
    expect(() => readEntry(entry.subarray(0, -1))).toThrow(RangeError);
    expect(() => readEntry(Buffer.alloc(100))).toThrow(RangeError);
  });
});
