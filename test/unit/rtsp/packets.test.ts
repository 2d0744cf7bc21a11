import { describe, expect, it } from 'vitest';
import { AacDepacketiser } from '../../../lib/rtsp/aac.js';
import type { Depacketiser, RawUnit } from '../../../lib/rtsp/access-unit.js';
import { interleaved, readClockReport, receiverReport } from '../../../lib/rtsp/rtcp.js';
import { RtpReceiver } from '../../../lib/rtsp/rtp-receiver.js';
import { writeSenderReport } from '../../../lib/simulator/rtcp.js';
import { packetiseAac } from '../../../lib/simulator/rtp.js';
import { SOUND } from './units.js';

interface Header {
  sequence: number;
  timestamp?: number;
  ssrc?: number;
  type?: number;
  marker?: boolean;
  /** Replaces the first byte: version, padding, extension, sources. */
  first?: number;
}

function rtp(
  { sequence, timestamp = 0, ssrc = 1, type = 96, marker = false, first = 0x80 }: Header,
  rest = 'aa',
): Buffer {
  const head = Buffer.alloc(12);
  head[0] = first;
  head[1] = type | (marker ? 0x80 : 0);
  head.writeUInt16BE(sequence, 2);
  head.writeUInt32BE(timestamp, 4);
  head.writeUInt32BE(ssrc, 8);
  return Buffer.concat([head, Buffer.from(rest, 'hex')]);
}

/** A receiver whose track notes each payload, with `!` where something before it is missing. */
function receiver() {
  const read: string[] = [];
  const track: Depacketiser = {
    torn: 0,
    flush: () => undefined,
    packet: (bytes, from, to, _time, _marker, gap) => read.push(`${gap ? '!' : ''}${bytes.toString('hex', from, to)}`),
  };
  const one = new RtpReceiver(96, track);
  const take = (bytes: Buffer) => one.packet(bytes, 0, bytes.length);
  const numbers = (...sequences: number[]) => {
    for (const sequence of sequences) take(rtp({ sequence }, sequence.toString(16).padStart(4, '0')));
    return read.map((item) => (item.startsWith('!') ? -1 : 1) * Number.parseInt(item.replace('!', ''), 16));
  };
  return { one, read, take, numbers };
}

describe('RTP packets of one track', () => {
  it('are counted across the end of the 16 bits', () => {
    const { one, numbers } = receiver();
    expect(numbers(65_534, 65_535, 0, 1)).toEqual([65_534, 65_535, 0, 1]);
    expect(one).toMatchObject({ lost: 0, late: 0 });
    expect(one.reception).toEqual({ ssrc: 1, highest: 65_536 + 1, lost: 0 });
  });

  it('are missed when they do not come, across the end of the 16 bits too', () => {
    const { one, numbers } = receiver();
    expect(numbers(10, 13, 14)).toEqual([10, -13, 14]);
    expect(one.lost).toBe(2);
    const other = receiver();
    expect(other.numbers(65_534, 1)).toEqual([65_534, -1]);
    expect(other.one.lost).toBe(2);
  });

  it('are left out when they come twice or late', () => {
    const { one, numbers } = receiver();
    expect(numbers(10, 12, 11, 12, 13)).toEqual([10, -12, 13]);
    expect(one).toMatchObject({ lost: 1, late: 2 });
  });

  it('are followed when the camera begins to count anew', () => {
    const { numbers } = receiver();
    expect(numbers(40_000, 40_001, 20_000, 20_001, 20_002)).toEqual([40_000, 40_001, -20_001, 20_002]);
    const forward = receiver();
    expect(forward.numbers(10, 20_000, 20_001)).toEqual([10, -20_000, 20_001]);
    expect(forward.one.lost).toBe(1);
  });

  it('of another source begin a new count, and leave what was under way unfinished', () => {
    const { take, read } = receiver();
    take(rtp({ sequence: 5 }, '01'));
    take(rtp({ sequence: 900, ssrc: 2 }, '02'));
    take(rtp({ sequence: 901, ssrc: 2 }, '03'));
    expect(read).toEqual(['01', '!02', '03']);
  });

  it('are read behind sources and extension, and without padding', () => {
    const { take, read } = receiver();
    take(rtp({ sequence: 1, first: 0x82 }, `${'00'.repeat(8)}a1`));
    take(rtp({ sequence: 2, first: 0x90 }, `beef0002${'00'.repeat(8)}a2`));
    take(rtp({ sequence: 3, first: 0xa0 }, 'a30003'));
    take(rtp({ sequence: 4, first: 0xb1 }, `00000000beef0001${'00'.repeat(4)}a40002`));
    expect(read).toEqual(['a1', 'a2', '', 'a4']);
  });

  it('are not what is too short, of another version, or of another type', () => {
    const { take, read } = receiver();
    const bad = [
      rtp({ sequence: 1 }).subarray(0, 11),
      rtp({ sequence: 1, first: 0x40 }),
      rtp({ sequence: 1, type: 97 }),
    ];
    bad.push(rtp({ sequence: 1, first: 0x9f }, 'ffff'), rtp({ sequence: 1, first: 0xa0 }, '09'));
    expect(bad.map(take)).toEqual(bad.map(() => false));
    expect(read).toEqual([]);
  });
});

describe('reports', () => {
  it('tell a moment on both clocks, wherever they stand in a compound packet', () => {
    const bytes = Buffer.alloc(52);
    const wallMs = Date.UTC(2026, 4, 3, 2, 10, 0, 250);
    writeSenderReport(bytes, 0, { channel: 1, ssrc: 7, wallMs, timestamp: 90_000, packets: 3, octets: 4 });
    const other = receiverReport(5, { ssrc: 1, highest: 2, lost: 0 }).subarray(0, 32);
    for (const packet of [bytes.subarray(4), Buffer.concat([other, bytes.subarray(4)])]) {
      const report = readClockReport(packet, 0, packet.length)!;
      expect(report.timestamp).toBe(90_000);
      expect((report.wallSeconds - 2_208_988_800) * 1_000).toBeCloseTo(wallMs, 0);
    }
  });

  it('are none without a clock, or cut off', () => {
    const bytes = Buffer.alloc(52);
    writeSenderReport(bytes, 0, {
      channel: 1,
      ssrc: 7,
      wallMs: -2_208_988_800_000,
      timestamp: 9,
      packets: 3,
      octets: 4,
    });
    expect(readClockReport(bytes, 4, 52)).toBeUndefined();
    for (let end = 0; end < 28; end++) expect(readClockReport(bytes, 4, 4 + end)).toBeUndefined();
  });

  it('of ours are what RFC 3550 says', () => {
    const bytes = interleaved(3, receiverReport(0xabcdef01, { ssrc: 0x11223344, highest: 70_000, lost: 5 }));
    expect([bytes[0], bytes[1], bytes.readUInt16BE(2)]).toEqual([0x24, 3, bytes.length - 4]);
    expect(bytes.subarray(4, 36).toString('hex')).toBe(
      `81c90007abcdef0111223344${'00000005'}${(70_000).toString(16).padStart(8, '0')}${'00'.repeat(12)}`,
    );
    expect([bytes[36], bytes[37], 4 * (bytes.readUInt16BE(38) + 1)]).toEqual([0x81, 202, bytes.length - 36]);
    expect(bytes.length % 4).toBe(0);
  });
});

describe('AAC over RTP', () => {
  const headers = { sizeBits: 13, indexBits: 3, deltaBits: 3 };
  function sound() {
    const found: { timestamp: number; frame: string; afterLoss: boolean }[] = [];
    const track = new AacDepacketiser(SOUND, headers, ({ timestamp, data, afterLoss }: RawUnit) =>
      found.push({ timestamp, frame: data.toString('hex'), afterLoss }),
    );
    const send = (payload: Buffer, timestamp: number, gap = false) =>
      track.packet(payload, 0, payload.length, timestamp, true, gap);
    return { found, track, send };
  }
  const payload = (frame: Buffer) => packetiseAac(frame).bytes.subarray(16);
  const sizes = (...list: number[]) =>
    Buffer.concat([
      Buffer.from([0, list.length * 16]),
      ...list.map((size) => Buffer.from([size >> 5, (size & 31) << 3])),
    ]);

  it('gives each frame, one or several in a packet, each with its time', () => {
    const { found, send } = sound();
    send(payload(Buffer.alloc(5, 1)), 100);
    send(Buffer.concat([sizes(2, 3), Buffer.from('0202030303', 'hex')]), 0xffffffff);
    expect(found).toEqual([
      { timestamp: 100, frame: '0101010101', afterLoss: false },
      { timestamp: 0xffffffff, frame: '0202', afterLoss: false },
      { timestamp: 1_023, frame: '030303', afterLoss: false },
    ]);
  });

  it('puts a frame together that takes several packets', () => {
    const { found, send } = sound();
    for (const piece of ['0102', '0304', '05']) send(Buffer.concat([sizes(5), Buffer.from(piece, 'hex')]), 7);
    expect(found).toEqual([{ timestamp: 7, frame: '0102030405', afterLoss: false }]);
  });

  it('leaves out what is not whole, and marks what follows', () => {
    const { found, track, send } = sound();
    send(Buffer.concat([sizes(5), Buffer.from('0102', 'hex')]), 7);
    send(payload(Buffer.alloc(3, 9)), 8, true);
    send(Buffer.concat([sizes(2, 9), Buffer.from('0202', 'hex')]), 9);
    send(Buffer.from([0, 16]), 10);
    send(Buffer.from([1, 0, 0, 0]), 10);
    send(Buffer.concat([sizes(0), Buffer.alloc(4)]), 10);
    // An index that is not zero: interleaved.
    send(Buffer.from([0, 16, 0, (2 << 3) | 1, 1, 1]), 10);
    send(payload(Buffer.alloc(3, 9)), 11);
    track.flush();
    expect(found.map(({ timestamp, afterLoss }) => [timestamp, afterLoss])).toEqual([
      [8, true],
      [9, false],
      [11, true],
    ]);
    expect(track.torn).toBeGreaterThanOrEqual(6);
  });
});
