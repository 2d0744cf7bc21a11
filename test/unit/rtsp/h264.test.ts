import { describe, expect, it } from 'vitest';
import { fragments, nal, Pictures, together } from './units.js';

const [sps, pps, sei, aud] = [nal(7), nal(8), nal(6), nal(9)];
const key = nal(5, { bytes: 20 });
const other = (fill: number) => nal(1, { bytes: 20, fill });

describe('H.264 over RTP', () => {
  it('gives pictures however their NAL units were packed', () => {
    const ways = [
      [sps, pps, sei, key],
      [together(sps, pps, sei), key],
      [together(sps, pps, sei, key)],
      [sps, pps, sei, ...fragments(key)],
      [together(sps, pps), ...fragments(sei, 2), ...fragments(key, 1)],
    ];
    for (const payloads of ways) {
      const pictures = new Pictures()
        .send(1_000, payloads)
        .send(4_000, fragments(other(1)))
        .end();
      expect(pictures.found).toEqual([
        { timestamp: 1_000, key: true, afterLoss: false, nals: [sps, pps, sei, key] },
        { timestamp: 4_000, key: false, afterLoss: false, nals: [other(1)] },
      ]);
      expect(pictures.noted).toEqual([sps, pps]);
      expect(pictures.depacketiser.torn).toBe(0);
    }
  });

  it('keeps the slices of a picture together, marked each or not', () => {
    const slices = [key, nal(5, { first: false }), nal(5, { first: false, fill: 9 })];
    for (const markAll of [false, true]) {
      const pictures = new Pictures()
        .send(0, [sps, pps, ...slices], { markAll })
        .send(10, [other(1)], { markAll })
        .end();
      expect(pictures.found.map(({ nals }) => nals)).toEqual([[sps, pps, ...slices], [other(1)]]);
    }
  });

  it('needs no marker where the time moves on, and no time where the marker does', () => {
    const unmarked = new Pictures().send(-1, [key]);
    for (const time of [0, 10, 20]) unmarked.send(time, [other(time)], { marker: false });
    expect(unmarked.times).toEqual([-1, 0, 10]);
    const standing = new Pictures().send(6, [key]);
    for (const fill of [1, 2, 3]) standing.send(7, fill === 3 ? [aud, ...fragments(other(3))] : fragments(other(fill)));
    standing.end();
    expect(standing.found.map(({ nals }) => nals)).toEqual([[key], [other(1)], [other(2)], [aud, other(3)]]);
  });

  it('gives parameter sets with a time of their own to the picture they stand before', () => {
    const pictures = new Pictures().send(0, [key]).send(0, [sps]).send(5, [pps]).send(9, [key]).end();
    expect(pictures.found.map(({ timestamp, nals }) => [timestamp, nals.length])).toEqual([
      [0, 1],
      [9, 3],
    ]);
  });

  it('takes both fields of a frame for one picture', () => {
    const pictures = new Pictures()
      .send(0, [key, other(2)])
      .send(10, [other(1)])
      .end();
    expect(pictures.found.map(({ nals }) => nals.length)).toEqual([2, 1]);
  });

  it('takes an intra picture at a recovery point for one that decoding can start at, and no other', () => {
    // Type 6, one byte: recovery_frame_cnt 0. Slices: first_mb 0 (1), then slice type 7 (0001000) or 5 (00110).
    const recovery = Buffer.from([6, 6, 1, 0xc4, 0x80]);
    const gradual = Buffer.from([6, 6, 1, 0x48, 0x80]);
    const intra = Buffer.from([0x61, 0b1000_1000, 0x80, 1, 1, 1]);
    const inter = Buffer.from([0x41, 0b1001_1000, 0x80, 1, 1, 1]);
    const pictures = new Pictures();
    for (const [time, ahead, slice] of [
      [0, recovery, intra],
      [1, recovery, inter],
      [2, gradual, intra],
      [3, sei, intra],
    ] as const) {
      pictures.send(time, [ahead, slice]);
    }
    expect(pictures.end().found.map((picture) => picture.key)).toEqual([true, false, false, false]);
  });
});

describe('H.264 with packets missing', () => {
  const torn: [string, (pictures: Pictures) => Pictures, number[]][] = [
    [
      'in the middle of a fragmented picture',
      (p) => p.send(10, fragments(key).toSpliced(2, 1), { gapBefore: 2 }),
      [10],
    ],
    ['at its beginning', (p) => p.send(10, fragments(key).slice(1), { gapBefore: 0 }), [10]],
    ['its first slice', (p) => p.send(10, [nal(5, { first: false })], { gapBefore: 0 }), [10]],
    ['a slice in the middle', (p) => p.send(10, [key, nal(5, { first: false })], { gapBefore: 1 }), [10]],
    [
      'at its end',
      (p) => p.send(10, fragments(key).slice(0, -1), { marker: false }).send(20, [other(5)], { gapBefore: 0 }),
      [10],
    ],
    ['the end of a fragment, and no number tells', (p) => p.send(10, [...fragments(key).slice(0, -1), other(1)]), [10]],
    ['a slice at its end', (p) => p.send(10, [key], { marker: false }).send(20, [other(5)], { gapBefore: 0 }), [10]],
  ];
  it.each(torn)('leaves a picture out that lost %s, and marks the next', (_, lose, missing) => {
    const pictures = new Pictures().send(0, [sps, pps, key]);
    lose(pictures)
      .send(30, [other(3)])
      .send(40, [other(4)])
      .end();
    expect(pictures.times.filter((time) => missing.includes(time))).toEqual([]);
    expect(pictures.times).toEqual(expect.arrayContaining([0, 30, 40]));
    expect(pictures.depacketiser.torn).toBe(1);
    expect(pictures.found.map(({ afterLoss }) => afterLoss).filter(Boolean)).toHaveLength(1);
    expect(pictures.found[1]!.afterLoss).toBe(true);
  });

  it('keeps whole pictures on both sides of a gap', () => {
    const pictures = new Pictures()
      .send(0, [sps, pps, key])
      .send(30, [other(3)], { gapBefore: 0 })
      .end();
    expect(pictures.found.map(({ timestamp, afterLoss }) => [timestamp, afterLoss])).toEqual([
      [0, false],
      [30, true],
    ]);
    expect(pictures.depacketiser.torn).toBe(0);
  });

  it('does not give a last picture whose end never came', () => {
    expect(
      new Pictures()
        .send(0, [key])
        .send(1, [other(1)], { marker: false })
        .end().times,
    ).toEqual([0]);
  });

  it('leaves out what makes no sense, and goes on', () => {
    const senseless = [
      Buffer.from([0x1c, 0x85]),
      Buffer.from([0x78, 0, 9, 1]),
      Buffer.from([0x78, 0, 0]),
      nal(25),
      nal(0),
    ];
    for (const payload of senseless) {
      const pictures = new Pictures()
        .send(0, [key])
        .send(1, [payload])
        .send(2, [other(1)])
        .end();
      expect(pictures.times).toEqual([0, 2]);
      expect(pictures.found[1]!.afterLoss).toBe(true);
    }
  });

  it('does not gather a picture without end', () => {
    const pictures = new Pictures();
    const piece = Buffer.concat([Buffer.from([0x7c, 0x05]), Buffer.alloc(60_000)]);
    const flood = () => {
      pictures.send(0, [Buffer.concat([Buffer.from([0x7c, 0x85]), Buffer.alloc(1_000)])], { marker: false });
      for (let n = 0; n < 400; n++) pictures.send(0, [piece], { marker: false });
    };
    expect(flood).toThrow(RangeError);
  });
});
