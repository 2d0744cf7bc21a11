import { describe, expect, it } from 'vitest';
import { MAX_PAYLOAD, packetiseVideo, writePackets } from '../../../lib/simulator/rtp.js';
import { splitInterleaved } from '../simulator/rtsp-client.js';
import { nal265, Pictures } from './units.js';

/** As the simulator packs them; its own tests hold that against the RFC. */
function packed(nals: readonly Buffer[], maxPayload = MAX_PAYLOAD): Buffer[] {
  const block = packetiseVideo(nals, 'H265', maxPayload);
  const bytes = Buffer.alloc(block.bytes.length);
  writePackets(block, bytes, 0, { channel: 0, sequence: 0, timestamp: 0, ssrc: 0 });
  return splitInterleaved(bytes).frames.map(({ data }) => data.subarray(12));
}

const [vps, sps, pps] = [nal265(32), nal265(33), nal265(34)];

describe('H.265 over RTP', () => {
  it.each([MAX_PAYLOAD, 40, 12])('gives pictures however their NAL units were packed (%i bytes)', (maxPayload) => {
    const key = nal265(19, { bytes: 300 });
    const other = nal265(1, { bytes: 50 });
    const pictures = new Pictures('H265');
    pictures
      .send(0, packed([vps, sps, pps, key], maxPayload))
      .send(10, packed([other], maxPayload))
      .end();
    expect(pictures.found).toEqual([
      { timestamp: 0, key: true, afterLoss: false, nals: [vps, sps, pps, key] },
      { timestamp: 10, key: false, afterLoss: false, nals: [other] },
    ]);
    expect(pictures.noted).toEqual([vps, sps, pps]);
  });

  it('can start at every kind of random access picture, and at no other', () => {
    const pictures = new Pictures('H265');
    for (const type of [19, 1, 9, 16, 20, 21, 22]) pictures.send(type, [nal265(type)]);
    expect(pictures.end().found.map(({ key }) => key)).toEqual([true, false, false, true, true, true, false]);
  });

  it('keeps the slices of a picture together and leaves out what lost a part', () => {
    const slices = [nal265(1), nal265(1, { first: false })];
    const pictures = new Pictures('H265').send(0, [nal265(19)]).send(1, slices, { markAll: true });
    const pieces = packed([nal265(1, { bytes: 100 })], 20);
    pictures
      .send(2, pieces.toSpliced(3, 1), { gapBefore: 3 })
      .send(3, [nal265(1)])
      .end();
    expect(pictures.found.map(({ timestamp, nals, afterLoss }) => [timestamp, nals.length, afterLoss])).toEqual([
      [0, 1, false],
      [1, 2, false],
      [3, 1, true],
    ]);
    expect(pictures.depacketiser.torn).toBe(1);
  });

  it('leaves out what makes no sense, and goes on', () => {
    for (const payload of [
      Buffer.from([0x62, 1, 0x93]),
      Buffer.from([0x60, 1, 0, 9, 1]),
      nal265(50),
      Buffer.from([2]),
    ]) {
      const pictures = new Pictures('H265')
        .send(0, [nal265(19)])
        .send(1, [payload])
        .send(2, [nal265(1)])
        .end();
      expect(pictures.times).toEqual([0, 2]);
    }
  });
});
