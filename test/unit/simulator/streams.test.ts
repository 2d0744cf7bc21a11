import { describe, expect, it } from 'vitest';
import { parseAdts } from '../../../lib/simulator/adts.js';
import { accessUnits, splitNals } from '../../../lib/simulator/annexb.js';
import { checkSpec } from '../../../lib/simulator/clip.js';
import { Feed } from '../../../lib/simulator/feed.js';
import { writeSenderReport } from '../../../lib/simulator/rtcp.js';
import { packetiseAac, packetiseH264, packetiseVideo, writePackets } from '../../../lib/simulator/rtp.js';
import { depacketiseH264, depacketiseH265, parsePacket, splitInterleaved, syntheticClip } from './rtsp-client.js';

const START = Buffer.from([0, 0, 0, 1]);
const nal = (type: number, ...rest: number[]) => Buffer.from([0x60 | type, ...rest]);
const header = { channel: 4, sequence: 65_534, timestamp: 0xfffffff0, ssrc: 0xdeadbeef };

function packets(block: ReturnType<typeof packetiseH264>) {
  const target = Buffer.alloc(block.bytes.length);
  expect(writePackets(block, target, 0, header)).toBe(target.length);
  const { frames, rest } = splitInterleaved(target);
  expect(rest).toHaveLength(0);
  expect(frames.every(({ channel }) => channel === 4)).toBe(true);
  return frames.map(({ data }) => parsePacket(data));
}

describe('Annex B', () => {
  it('splits at three- and four-byte start codes and drops the zeros between', () => {
    const nals = [nal(7, 1, 2), nal(8, 3), nal(5, 0x80, 0, 0, 3, 1)];
    const stream = Buffer.concat([START, nals[0]!, START.subarray(1), nals[1]!, START, nals[2]!, Buffer.alloc(3)]);
    expect(splitNals(stream)).toEqual(nals);
  });

  it('groups slices into pictures with what comes before them', () => {
    const [sps, pps, sei] = [nal(7, 1), nal(8, 1), nal(6, 5)];
    const [key, second, next] = [nal(5, 0x88), nal(5, 0x40), nal(1, 0x9a)];
    const units = accessUnits([nal(9, 0xf0), sps, pps, sei, key, second, nal(9, 0xf0), next]);
    expect(units).toEqual([
      { key: true, nals: [sps, pps, sei, key, second] },
      { key: false, nals: [next] },
    ]);
  });
});

describe('Annex B of H.265', () => {
  const hevc = (type: number, ...rest: number[]) => Buffer.from([type << 1, 1, ...rest]);

  it('knows keyframes, what comes before a picture, and what after', () => {
    const [vps, sps, pps, sei, tail] = [hevc(32, 1), hevc(33, 1), hevc(34, 1), hevc(39, 5), hevc(40, 5)];
    const [key, second, next, clean] = [hevc(19, 0x80), hevc(19, 0x40), hevc(1, 0x9a), hevc(21, 0x80)];
    const units = accessUnits([hevc(35, 0x50), vps, sps, pps, sei, key, second, tail, next, clean], 'H265');
    expect(units).toEqual([
      { key: true, nals: [vps, sps, pps, sei, key, second, tail] },
      { key: false, nals: [next] },
      { key: true, nals: [clean] },
    ]);
  });
});

describe('ADTS', () => {
  // AAC LC, 16 kHz, mono, frames of 7 + payload bytes.
  const frame = (payload: Buffer) => {
    const length = payload.length + 7;
    return Buffer.concat([
      Buffer.from([0xff, 0xf1, 0x60, 0x40 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]),
      payload,
    ]);
  };

  it('gives frames, rate, channels and the AudioSpecificConfig', () => {
    const payloads = [Buffer.alloc(300, 1), Buffer.alloc(17, 2)];
    const parsed = parseAdts(Buffer.concat(payloads.map(frame)));
    expect(parsed).toEqual({ sampleRate: 16_000, channels: 1, config: Buffer.from([0x14, 0x08]), frames: payloads });
  });

  it('refuses a stream that is cut, or none at all', () => {
    const whole = frame(Buffer.alloc(40));
    expect(() => parseAdts(whole.subarray(0, 30))).toThrow(RangeError);
    expect(() => parseAdts(Buffer.alloc(64))).toThrow(RangeError);
  });
});

describe('RTP', () => {
  it('gives back the NAL units it was given, whatever their size', () => {
    for (const sizes of [[1], [1_400], [1_401], [2_799, 2_798, 2_800], [20, 5, 1_300, 90, 40_000, 3, 3], [700, 700]]) {
      const nals = sizes.map((size, index) =>
        Buffer.concat([Buffer.from([0x60 | ((index % 5) + 1)]), Buffer.alloc(size - 1, index + 1)]),
      );
      const sent = packets(packetiseH264(nals));
      expect(depacketiseH264(sent.map(({ payload }) => payload))).toEqual(nals);
      expect(Math.max(...sent.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1_400);
      expect(sent.map(({ marker }) => marker)).toEqual(sent.map((_, index) => index === sent.length - 1));
    }
  });

  it('gives back the NAL units of H.265 too', () => {
    for (const sizes of [[2], [1_400], [1_401], [2_797, 2_798, 2_799], [20, 5, 1_300, 90, 40_000, 3, 3], [697, 697]]) {
      const nals = sizes.map((size, index) =>
        Buffer.concat([Buffer.from([((32 + index) << 1) | (index & 1), 1]), Buffer.alloc(size - 2, index + 1)]),
      );
      const sent = packets(packetiseVideo(nals, 'H265'));
      expect(depacketiseH265(sent.map(({ payload }) => payload))).toEqual(nals);
      expect(Math.max(...sent.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1_400);
      expect(sent.map(({ marker }) => marker)).toEqual(sent.map((_, index) => index === sent.length - 1));
    }
  });

  it('sends parameter sets together and numbers packets on across the end of the 16 bits', () => {
    const sent = packets(packetiseH264([nal(7, 1), nal(8, 1), Buffer.concat([nal(5), Buffer.alloc(4_000)])]));
    expect(sent[0]!.payload[0]! & 0x1f).toBe(24);
    expect(sent.map(({ sequence }) => sequence)).toEqual([65_534, 65_535, 0, 1]);
    expect(sent.every(({ timestamp, ssrc }) => timestamp === header.timestamp && ssrc === header.ssrc)).toBe(true);
  });

  it('never writes to the shared packets', () => {
    const block = packetiseH264([Buffer.alloc(3_000, 0x61)]);
    const before = Buffer.from(block.bytes);
    packets(block);
    expect(block.bytes.equals(before)).toBe(true);
  });

  it('puts the size of an AAC frame ahead of it', () => {
    const frame = Buffer.alloc(345, 7);
    const [packet] = packets(packetiseAac(frame));
    expect(packet!.payload.readUInt16BE(0)).toBe(16);
    expect(packet!.payload.readUInt16BE(2)).toBe(345 << 3);
    expect(packet!.payload.subarray(4)).toEqual(frame);
  });

  it('writes sender reports with NTP time', () => {
    const bytes = Buffer.alloc(52);
    const wallMs = Date.UTC(2026, 4, 3, 2, 10, 0, 250);
    expect(
      writeSenderReport(bytes, 0, { channel: 1, ssrc: 7, wallMs, timestamp: 90_000, packets: 3, octets: 4_000 }),
    ).toBe(52);
    const [frame] = splitInterleaved(bytes).frames;
    expect(frame!.channel).toBe(1);
    expect(frame!.data.readUInt16BE(0)).toBe(0x80c8);
    expect(
      (frame!.data.readUInt32BE(8) - 2_208_988_800) * 1_000 + (frame!.data.readUInt32BE(12) / 2 ** 32) * 1_000,
    ).toBe(wallMs);
    expect([16, 20, 24].map((at) => frame!.data.readUInt32BE(at))).toEqual([90_000, 3, 4_000]);
  });
});

describe('a looping feed', () => {
  const feed = new Feed(syntheticClip());

  it('keeps audio and video of equal length over any number of loops', () => {
    for (const loops of [1, 2, 1_000]) {
      expect(feed.audioAt(24 * loops)).toBe(25 * loops);
      expect(feed.videoTime(24 * loops) / 90_000).toBe((25 * loops * 1_024) / 16_000);
    }
  });

  it('starts new clients at the next keyframe', () => {
    expect([0, 1, 799, 800, 801].map((ms) => feed.nextKey(ms))).toEqual([0, 12, 12, 12, 24]);
    expect([0, 12, 24, 36].every((position) => feed.isKey(position))).toBe(true);
  });

  it('refuses clips whose loop would break a timestamp', () => {
    const { spec } = syntheticClip();
    expect(() => checkSpec(spec)).not.toThrow();
    for (const change of [{ loopMs: 1_000 }, { gopFrames: 7 }, { fps: 7 }, { loopMs: 3_333 }, { loopMs: 800 }]) {
      expect(() => checkSpec({ ...spec, ...change })).toThrow(RangeError);
    }
  });
});
