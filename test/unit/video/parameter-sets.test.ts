import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeHeader } from '../../../lib/mp4/describe.js';
import { initSegment } from '../../../lib/mp4/init-segment.js';
import { H264Sets, H265Sets } from '../../../lib/rtsp/parameter-sets.js';
import { splitNals } from '../../../lib/simulator/annexb.js';
import { readH264Sps } from '../../../lib/video/h264.js';
import { h265Type, readH265Sps } from '../../../lib/video/h265.js';
import { ffmpeg } from '../mp4/sources.js';

/** What real encoders write, held against what ffprobe reads from the same stream. */
const H264: [string, string[]][] = [
  ['baseline', ['-profile:v', 'baseline', '-s', '320x180']],
  ['main with B pictures', ['-profile:v', 'main', '-bf', '3', '-s', '640x360']],
  ['high, cropped', ['-profile:v', 'high', '-s', '1918x1078']],
  ['high, odd shape of samples', ['-profile:v', 'high', '-s', '704x576', '-vf', 'setsar=12/11']],
  ['a shape no table has', ['-profile:v', 'high', '-s', '704x576', '-vf', 'setsar=7/5']],
  ['4:2:2 in ten bits', ['-pix_fmt', 'yuv422p10le', '-s', '322x182']],
  ['4:4:4', ['-pix_fmt', 'yuv444p', '-s', '321x181']],
  ['interlaced', ['-profile:v', 'high', '-flags', '+ilme+ildct', '-s', '720x576', '-x264-params', 'tff=1']],
  [
    'scaling lists and a buffer model',
    ['-x264-params', 'cqm=jvt:nal-hrd=cbr:vbv-maxrate=900:vbv-bufsize=900', '-b:v', '900k'],
  ],
];
const H265: [string, string[]][] = [
  ['main', ['-s', '640x360', '-x265-params', 'log-level=0:bframes=0']],
  ['main with B pictures', ['-s', '640x360', '-x265-params', 'log-level=0:bframes=4:b-pyramid=1']],
  ['cropped', ['-s', '426x238', '-x265-params', 'log-level=0']],
  ['ten bits', ['-s', '640x360', '-pix_fmt', 'yuv420p10le', '-x265-params', 'log-level=0']],
  ['temporal layers', ['-s', '640x360', '-x265-params', 'log-level=0:temporal-layers=3:bframes=4']],
];

interface Probe {
  width: number;
  height: number;
  has_b_frames: number;
  sample_aspect_ratio?: string;
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sets-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function encode(codec: 'h264' | 'hevc', args: readonly string[]): { nals: Buffer[]; probe: Probe } {
  const file = join(dir, `stream.${codec}`);
  const encoder =
    codec === 'h264' ? ['-c:v', 'libx264', '-preset', 'fast'] : ['-c:v', 'libx265', '-preset', 'ultrafast'];
  ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=10', '-t', '1', ...encoder, ...args, '-f', codec, file);
  const entries = 'stream=width,height,has_b_frames,sample_aspect_ratio';
  const text = execFileSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', file], {
    encoding: 'utf8',
  });
  return { nals: splitNals(readFileSync(file)), probe: (JSON.parse(text) as { streams: Probe[] }).streams[0]! };
}

function shape(probe: Probe): string | undefined {
  return ['1:1', '0:1', 'N/A', undefined].includes(probe.sample_aspect_ratio) ? undefined : probe.sample_aspect_ratio;
}

describe.each(H264)('an H.264 parameter set: %s', (_, args) => {
  it('says what ffprobe says', () => {
    const { nals, probe } = encode('h264', args);
    const { width, height, reorder, aspect } = readH264Sps(nals.find((nal) => (nal[0]! & 0x1f) === 7)!);
    expect({ width, height, reorder }).toEqual({
      width: probe.width,
      height: probe.height,
      reorder: probe.has_b_frames,
    });
    expect(aspect && `${aspect.horizontal}:${aspect.vertical}`).toBe(shape(probe));
    const sets = new H264Sets();
    for (const nal of nals) sets.note(nal);
    const described = describeHeader(initSegment([sets.format!]), true);
    expect(described).toMatchObject({ width, height });
  });
});

describe.each(H265)('an H.265 parameter set: %s', (_, args) => {
  it('says what ffprobe says', () => {
    const { nals, probe } = encode('hevc', args);
    const { width, height, reorder } = readH265Sps(nals.find((nal) => h265Type(nal) === 33)!);
    expect({ width, height, reorder }).toEqual({
      width: probe.width,
      height: probe.height,
      reorder: probe.has_b_frames,
    });
    const sets = new H265Sets();
    for (const nal of nals) sets.note(nal);
    expect(describeHeader(initSegment([sets.format!]), true)!.codecs[0]).toMatch(/^hvc1\.[124]\.\w+\.L\d+/);
  });
});

describe('an H.264 parameter set that says nothing of reordering', () => {
  // §7.3.2.1.1 by hand: number 0, 4 bits of frame number, order of `type`, 2 references, 20 × 12 macroblocks, no VUI.
  const sps = (profile: number, type: string) => {
    const bits = `11${type}0100000010100000110011001`;
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)!;
    return Buffer.from([0x67, profile, 0, 30, ...padded.map((byte) => Number.parseInt(byte, 2))]);
  };

  it('has none where the profile or the kind of order rules it out, and is not known otherwise', () => {
    const [zero, two] = ['11', '011'];
    expect(readH264Sps(sps(77, zero))).toMatchObject({ width: 320, height: 192, reorder: undefined });
    expect(readH264Sps(sps(77, two))).toMatchObject({ width: 320, height: 192, reorder: 0 });
    expect(readH264Sps(sps(66, zero))).toMatchObject({ width: 320, height: 192, reorder: 0 });
  });
});

describe('the parameter sets of a stream', () => {
  const sps = (height: number) => {
    const { nals } = encode('h264', ['-s', `320x${height}`]);
    return { sps: nals.find((nal) => (nal[0]! & 0x1f) === 7)!, pps: nals.find((nal) => (nal[0]! & 0x1f) === 8)! };
  };

  it('make a format once there are all kinds, and another one only when one of them changes', () => {
    const [small, large] = [sps(180), sps(240)];
    const sets = new H264Sets();
    sets.note(small.sps);
    expect(sets.format).toBeUndefined();
    sets.note(small.pps);
    const first = sets.format;
    expect(first).toMatchObject({ width: 320, height: 180, timescale: 90_000 });
    sets.note(Buffer.from(small.sps));
    expect(sets.format).toBe(first);
    sets.note(large.sps);
    expect(sets.format).not.toBe(first);
    expect(sets.format).toMatchObject({ height: 240 });
  });

  it('are not taken over from what cannot be one', () => {
    const { sps: set, pps } = sps(180);
    const sets = new H264Sets();
    for (let length = 1; length < 12; length++) sets.note(set.subarray(0, length));
    sets.note(Buffer.alloc(5_000, 0x67));
    sets.note(pps);
    expect(sets.format).toBeUndefined();
  });

  it('never cost more than an error, whatever is in them', () => {
    const { sps: set } = sps(180);
    const { nals } = encode('hevc', ['-x265-params', 'log-level=0']);
    const other = nals.find((nal) => h265Type(nal) === 33)!;
    for (let seed = 1, n = 0; n < 4_000; n++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const [broken, read] =
        n % 2 ? ([Buffer.from(set), readH264Sps] as const) : ([Buffer.from(other), readH265Sps] as const);
      for (let change = 0; change <= n % 4; change++)
        broken[1 + ((seed >> change) % (broken.length - 1))] = seed >> (8 + change);
      try {
        const { width, height } = read(broken);
        expect(width).toBeGreaterThan(0);
        expect(height).toBeLessThan(65_536);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  });
});
