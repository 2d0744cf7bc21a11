import { describe, expect, it } from 'vitest';
import { fragments, nal, nal265, Pictures } from './units.js';

const [sps, pps, aud] = [nal(7), nal(8), nal(9)];
const key = nal(5, { bytes: 20 });
const other = nal(1, { bytes: 20 });
const rest = nal(1, { first: false });

type Send = (pictures: Pictures, time: number) => unknown;
const right: Send = (pictures, time) => pictures.send(time, fragments(other));

/** What was given of pictures with the times 1 to `count`, without anything after them. */
function received(count: number, send = right, { prompt = true, codec = 'H264' as 'H264' | 'H265' } = {}): Pictures {
  const pictures = new Pictures(codec, prompt).send(0, codec === 'H264' ? [sps, pps, key] : [nal265(19)]);
  for (let time = 1; time <= count; time++) send(pictures, time);
  return pictures;
}

const isHeldBack = ({ times }: Pictures, newest: number) => times.at(-1) === newest - 1;

describe('prompt pictures', () => {
  it.each<[string, Send, 'H264' | 'H265']>([
    ['in fragments', right, 'H264'],
    ['in slices', (p, time) => p.send(time, [aud, other, rest]), 'H264'],
    ['in packets that are each marked', (p, time) => p.send(time, fragments(other), { markAll: true }), 'H264'],
    ['of H.265', (p, time) => p.send(time, [nal265(1), nal265(1, { first: false })]), 'H265'],
  ])('are given with their marker once it was right for long enough: %s', (_, send, codec) => {
    expect(isHeldBack(received(20, send, { codec }), 20)).toBe(true);
    const pictures = received(60, send, { codec });
    expect(pictures.times).toEqual(Array.from({ length: 61 }, (_, time) => time));
    expect(pictures.end().found.filter(({ afterLoss }) => afterLoss)).toEqual([]);
    expect(pictures.depacketiser.torn).toBe(0);
  });

  it('are for those who ask for them', () => {
    expect(isHeldBack(received(60, right, { prompt: false }), 60)).toBe(true);
  });

  it.each<[string, Send]>([
    ['never set', (p, time) => p.send(time, [other, rest], { marker: false })],
    ['set on each slice', (p, time) => p.send(time, [other, rest], { markAll: true })],
    ['set on parameter sets alone', (p, time) => p.send(time, [sps]).send(time, [other], { marker: false })],
    ['set a slice too early', (p, time) => p.send(time, [other]).send(time, [rest], { marker: false })],
    ['right in most pictures only', (p, time) => p.send(time, [other, rest], { markAll: time % 10 === 0 })],
  ])('are none where the marker is %s', (_, send) => {
    const pictures = received(100, send);
    expect(isHeldBack(pictures, 100)).toBe(true);
    expect(pictures.depacketiser.torn).toBe(0);
    expect(
      pictures.found
        .slice(1)
        .every(({ nals }) => nals.length > 0 && nals.at(-1)!.equals(pictures.found[1]!.nals.at(-1)!)),
    ).toBe(true);
  });

  it('cost one picture where the marker begins to be wrong, which is told, and then come as they always did', () => {
    const pictures = received(60);
    const split: Send = (p, time) => p.send(time, [other, rest], { markAll: true });
    for (let time = 61; time <= 160; time++) split(pictures, time);
    expect(pictures.times).toEqual(Array.from({ length: 160 }, (_, time) => time));
    expect(pictures.found.filter(({ afterLoss }) => afterLoss).map(({ timestamp }) => timestamp)).toEqual([62]);
    expect(pictures.found.slice(62).every(({ nals }) => nals.length === 2)).toBe(true);
    expect(pictures.depacketiser.torn).toBe(1);
  });

  it('may stand still in time, and may have a gap between them', () => {
    const pictures = received(60);
    for (let n = 0; n < 3; n++) pictures.send(60, [aud, ...fragments(other)]);
    pictures.send(61, fragments(other), { gapBefore: 0 });
    expect(pictures.found.slice(60).map(({ timestamp, afterLoss }) => [timestamp, afterLoss])).toEqual([
      ...[60, 60, 60, 60].map((time) => [time, false]),
      [61, true],
    ]);
    expect(pictures.depacketiser.torn).toBe(0);
  });

  it('are left out where they lost a part, and that is no fault of the marker', () => {
    const pictures = received(60)
      .send(61, fragments(other).toSpliced(2, 1), { gapBefore: 2 })
      .send(62, [other], { marker: false })
      .send(63, fragments(other));
    expect(pictures.times.slice(60)).toEqual([60, 62, 63]);
    expect(pictures.depacketiser.torn).toBe(1);
  });
});
