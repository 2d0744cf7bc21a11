import { describe, expect, it } from 'vitest';
import { readJpeg } from '../../lib/jpeg.js';

const segment = (marker: number, body: number[]) => {
  const length = body.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 0xff, ...body]);
};
const start = Buffer.from([0xff, 0xd8]);
const end = Buffer.from([0xff, 0xd9]);
const frame = (width: number, height: number, marker = 0xc0) =>
  segment(marker, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, 1, 1, 0x11, 0]);
const scan = segment(0xda, [1, 1, 0, 0, 63, 0]);
/** With a stuffed byte, a restart, and an FF that fills. */
const coded = Buffer.from([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xff, 0, 5]);
const whole = Buffer.concat([start, segment(0xe0, [1, 2, 3]), frame(640, 480), segment(0xc4, [0]), scan, coded, end]);
const failure = (message: RegExp) =>
  expect.objectContaining({ code: 'picture-invalid', message: expect.stringMatching(message) });

describe('a JPEG', () => {
  it('is read from its first byte to its end mark', () => {
    expect(readJpeg(whole)).toEqual({ bytes: whole, width: 640, height: 480 });
    expect(readJpeg(Buffer.concat([whole, Buffer.alloc(100), Buffer.from('\r\n--boundary')])).bytes).toEqual(whole);
  });

  it('may have several scans, tables between them, and filling before marks', () => {
    const progressive = Buffer.concat([
      start,
      Buffer.from([0xff, 0xff]),
      frame(4_000, 3_000, 0xc2),
      ...[scan, coded, segment(0xc4, [0]), scan, coded, end],
    ]);
    expect(readJpeg(progressive)).toMatchObject({ width: 4_000, height: 3_000 });
  });

  it('is refused at whatever byte it was cut off, preview or not', () => {
    const preview = Buffer.concat([start, segment(0xe1, [...whole]), frame(640, 480), scan, coded, end]);
    for (const picture of [whole, preview]) {
      expect(readJpeg(picture).bytes).toEqual(picture);
      for (let size = 0; size < picture.length; size++) {
        expect(() => readJpeg(picture.subarray(0, size)), `${size} bytes`).toThrow(/no whole JPEG/);
      }
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0), /empty/],
    ['a page', Buffer.from('\n<!DOCTYPE html><html>'), /web page/],
    ['text', Buffer.from('{"error":1}'), /text/],
    ['a PNG', Buffer.from([0x89, 0x50, 0x4e, 0x47]), /begins with 89504e47/],
    ['marks alone', Buffer.concat([start, end]), /before its picture/],
    ['no scan', Buffer.concat([start, frame(1, 1), end]), /before its picture/],
    ['no size', Buffer.concat([start, scan, coded, end]), /before its picture/],
    ['no pixels', Buffer.concat([start, frame(0, 480), scan, coded, end]), /0 × 480/],
    ['a short frame', Buffer.concat([start, segment(0xc0, [8]), scan, coded, end]), /damaged/],
    ['a segment of no length', Buffer.concat([start, Buffer.from([0xff, 0xe0, 0, 1]), end]), /damaged/],
    ['noise', Buffer.concat([start, Buffer.from([1, 2, 3])]), /damaged at byte 2/],
    ['endless parts', Buffer.concat([start, ...Array.from({ length: 10_001 }, () => segment(0xe0, []))]), /more than/],
  ])('is not %s', (_, bytes, message) => {
    expect(() => readJpeg(bytes)).toThrow(failure(message));
  });
});
