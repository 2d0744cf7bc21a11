import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { sealFragments } from '../../lib/mp4/seal.js';
import { Slabs } from '../../lib/mp4/slabs.js';
import type { AccessUnit, TrackFormat } from '../../lib/rtsp/access-unit.js';
import { ReadTurns } from '../../lib/rtsp/read-turns.js';
import { RtspStream, type UnitSink } from '../../lib/rtsp/stream.js';
import { writeSenderReport } from '../../lib/simulator/rtcp.js';
import { packetiseAac, packetiseVideo, writePackets } from '../../lib/simulator/rtp.js';
import { SegmentCutter } from '../../src/recording/segment-cutter.js';
import { encodeVideo, readPictures, type SourcePicture } from '../simulators/clip-camera.js';

export interface FuzzReport {
  cases: number;
  seed: number;
  /** Pictures and frames of sound that came through. */
  units: number;
  /** How the streams ended, by code. */
  ends: Record<string, number>;
  /** The most memory that was in use outside of the heap. */
  mostMiB: number;
  /** Everything that should not be; empty when all promises were kept. */
  violations: string[];
}

/** So many at once; each waits most of its time. */
const PARALLEL = 16;

/** No answer to what was sent within this: the client waits for more, and there is no more. */
const QUIET_MS = 500;

/** A stream of a few hundred kilobytes that takes longer than this hangs. */
const HANG_MS = 20_000;

/** All of them together; each may gather a picture of 16 MiB. */
const MOST_MIB = 16 * 16 + 200;

/** What a good camera sends in answer to each request, and then by itself. */
interface Transcript {
  replies: string[];
  packets: Buffer[];
}

/**
 * Plays streams of which some bytes were changed, left out, doubled or put in: in the replies, the description, the packets, the
 * reports. Whatever comes, a stream ends with a failure of a known kind or with the connection, hands on only units that make sense,
 * and what is written of them is a recording.
 */
export async function rtspFuzz(cases: number, seed = 1, progress: (line: string) => void = () => undefined) {
  const report: FuzzReport = { cases, seed, units: 0, ends: {}, mostMiB: 0, violations: [] };
  const dir = await mkdtemp(join(tmpdir(), 'rtsp-fuzz-'));
  const unhandled = (error: unknown) => report.violations.push(`not handled: ${messageOf(error)}`);
  process.on('unhandledRejection', unhandled);
  process.on('uncaughtException', unhandled);
  try {
    const transcripts = await makeTranscripts(dir);
    let next = 0;
    const worker = async () => {
      for (let index = next++; index < cases; index = next++) {
        await oneCase(index, seed, transcripts[index % transcripts.length]!, dir, report);
        if (index % 1_000 === 999) progress(`${index + 1} of ${cases}`);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    if (report.mostMiB > MOST_MIB) report.violations.push(`${report.mostMiB} MiB were in use`);
    return report;
  } finally {
    process.off('unhandledRejection', unhandled);
    process.off('uncaughtException', unhandled);
    await rm(dir, { recursive: true });
  }
}

async function oneCase(index: number, seed: number, good: Transcript, dir: string, report: FuzzReport): Promise<void> {
  const random = generator(seed * 1_000_003 + index);
  const violation = (what: string) => report.violations.push(`case ${index}: ${what}`);
  const server = await serve(mutated(good, random), random);
  const folder = await mkdtemp(join(dir, 'case-'));
  const clock = systemClock;
  const events: string[] = [];
  const cutter = new SegmentCutter({
    ...{ directory: folder, segmentMs: 3_600_000, clock, slabs: new Slabs(8) },
    onEvent: (event) => event.type === 'segment' && events.push(event.file),
    onError: (error) => violation(`cannot be written: ${messageOf(error)}`),
  });
  const stop = new AbortController();
  const stream = new RtspStream({
    url: `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/live`,
    ...{
      audio: true,
      clock,
      turns: new ReadTurns(clock, 5),
      silentMs: 13_000,
      sink: new Checked(cutter, report, violation),
    },
  });
  const hang = new AbortController();
  void clock.sleep(HANG_MS, hang.signal).then(() => {
    if (hang.signal.aborted) return;
    violation('hangs');
    stop.abort();
  });
  const code = await stream.play(stop.signal).then(
    () => 'stopped',
    (error: unknown) => {
      if (!(error instanceof Failure)) violation(`ended with ${messageOf(error)}`);
      return error instanceof Failure ? error.code : 'other';
    },
  );
  hang.abort();
  report.ends[code] = (report.ends[code] ?? 0) + 1;
  await cutter.close();
  for (const file of events) await checkRecording(file, violation);
  report.mostMiB = Math.max(report.mostMiB, Math.round(process.memoryUsage().arrayBuffers / 2 ** 20));
  await rm(folder, { recursive: true });
  server.close();
  await once(server, 'close');
}

async function checkRecording(file: string, violation: (what: string) => void): Promise<void> {
  try {
    await sealFragments(file, `${file}.sealed`, new AbortController().signal);
  } catch (error) {
    violation(`what was recorded cannot be sealed: ${messageOf(error)}`);
  }
}

/** Holds every unit against what the interface promises of it. */
class Checked implements UnitSink {
  readonly #last = new Map<string, number>();

  constructor(
    readonly to: UnitSink,
    readonly report: FuzzReport,
    readonly violation: (what: string) => void,
  ) {}

  begin(sound: TrackFormat | undefined): void {
    this.to.begin(sound);
  }

  unit(unit: AccessUnit): Promise<void> | undefined {
    const { kind } = unit.format;
    this.report.units++;
    if (unit.dts <= (this.#last.get(kind) ?? -1))
      this.violation(`${kind} goes from ${this.#last.get(kind)} to ${unit.dts}`);
    if (!Number.isSafeInteger(unit.dts) || !Number.isSafeInteger(unit.pts)) this.violation(`time ${unit.dts}`);
    this.#last.set(kind, unit.dts);
    if (unit.data.length === 0) this.violation('an empty unit');
    if (kind === 'video' && !isWhole(unit.data)) this.violation('NAL units that do not fill their picture');
    return this.to.unit(unit);
  }
}

function isWhole(data: Buffer): boolean {
  let at = 0;
  while (at + 4 < data.length) at += 4 + data.readUInt32BE(at);
  return at === data.length;
}

/** Answers each request with the next reply, then sends the packets and hangs up; or hangs up when the client asks no more. */
async function serve({ replies, packets }: Transcript, random: () => number): Promise<Server> {
  const server = createServer((socket: Socket) => {
    let asked = 0;
    let quiet = setTimeout(() => socket.destroy(), 5_000);
    const more = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.destroy(), QUIET_MS);
    };
    socket.on('error', () => undefined);
    socket.on('close', () => clearTimeout(quiet));
    socket.on('data', (chunk) => {
      more();
      if (!/^[A-Z_]+ rtsp/.test(chunk.toString('latin1', 0, 40))) return;
      const reply = replies[asked++];
      if (reply !== undefined) socket.write(Buffer.from(reply, 'latin1'));
      if (asked !== replies.length) return;
      const all = Buffer.concat(packets);
      for (let at = 0; at < all.length; ) {
        const size = 1 + Math.floor(random() * 40_000);
        socket.write(all.subarray(at, at + size));
        at += size;
      }
      socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Nothing here may depend on anything but the seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One stream in four has damaged replies too: otherwise hardly any would get as far as the packets. */
function mutated({ replies, packets }: Transcript, random: () => number): Transcript {
  const spoil = random() < 0.25;
  const words = replies.map((reply) =>
    spoil && random() < 0.5 ? change(Buffer.from(reply, 'latin1'), random, 3).toString('latin1') : reply,
  );
  const rate = random() ** 3;
  const bytes = packets.flatMap((packet) => {
    const dice = random();
    if (dice < 0.02 * rate) return [];
    if (dice < 0.03 * rate) return [packet, packet];
    return [dice < 0.3 * rate ? change(packet, random, 4) : packet];
  });
  if (random() < 0.1) bytes.sort(() => random() - 0.5);
  return { replies: words, packets: bytes };
}

function change(good: Buffer, random: () => number, most: number): Buffer {
  let bytes = Buffer.from(good);
  for (let left = 1 + Math.floor(random() * most); left > 0 && bytes.length > 0; left--) {
    // Headers are at the beginning, and there it hurts most.
    const at = Math.floor(random() < 0.5 ? random() * Math.min(24, bytes.length) : random() * bytes.length);
    const kind = Math.floor(random() * 5);
    if (kind === 0) bytes[at] = Math.floor(random() * 256);
    else if (kind === 1) bytes[at]! ^= 1 << Math.floor(random() * 8);
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + Math.floor(random() * 30))]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(0, at), bytes.subarray(at)]);
    else bytes = bytes.subarray(0, at);
  }
  return bytes;
}

async function makeTranscripts(dir: string): Promise<Transcript[]> {
  const clip = (name: string, ...coding: string[]) => {
    const file = join(dir, `${name}.mp4`);
    encodeVideo(file, 2, '160x90', ...coding);
    return file;
  };
  const h264 = clip('h264', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-b_strategy', '0', '-g', '10');
  const h265 = clip('h265', '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=0', '-g', '10');
  const made = [transcript(readPictures(h264, 'H264'), 'H264'), transcript(readPictures(h265, 'H265'), 'H265')];
  for (const name of await readdir(dir)) await rm(join(dir, name));
  return made;
}

const SOUND_HZ = 16_000;

function transcript(pictures: readonly SourcePicture[], codec: 'H264' | 'H265'): Transcript {
  const sdp = [
    ...['v=0', 's=fuzz', 'a=control:*', 'm=video 0 RTP/AVP 96', `a=rtpmap:96 ${codec}/90000`, 'a=control:track1'],
    ...['m=audio 0 RTP/AVP 97', `a=rtpmap:97 mpeg4-generic/${SOUND_HZ}/1`],
    'a=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3',
    ...['a=control:track2', ''],
  ].join('\r\n');
  const reply = (sequence: number, more: string, body = '') =>
    `RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\n${more}${body ? `Content-Length: ${body.length}\r\n` : ''}\r\n${body}`;
  const session = 'Session: 1;timeout=60\r\n';
  const replies = [
    reply(1, 'Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n'),
    reply(2, 'Content-Type: application/sdp\r\n', sdp),
    reply(3, `${session}Transport: RTP/AVP/TCP;interleaved=0-1\r\n`),
    reply(4, `${session}Transport: RTP/AVP/TCP;interleaved=2-3\r\n`),
    reply(5, `${session}RTP-Info: url=x;seq=1;rtptime=0,url=y;seq=1;rtptime=0\r\n`),
  ];
  const sequences = [0, 0];
  const packets = pictures.flatMap(({ nals, shown }, index) => [
    ...(index % 10 === 0 ? [report(1, shown, 90_000), report(3, shown, SOUND_HZ)] : []),
    ...split(packetiseVideo(nals, codec, 400), 0, Math.round(shown * 90_000), sequences),
    ...split(packetiseAac(Buffer.alloc(90, index)), 2, index * 640, sequences),
  ]);
  return { replies, packets };
}

function report(channel: number, seconds: number, hz: number): Buffer {
  const bytes = Buffer.alloc(56);
  const timestamp = Math.round(seconds * hz);
  const end = writeSenderReport(bytes, 0, {
    channel,
    ssrc: 1,
    wallMs: seconds * 1_000,
    timestamp,
    packets: 1,
    octets: 1,
  });
  return bytes.subarray(0, end);
}

function split(
  block: ReturnType<typeof packetiseAac>,
  channel: number,
  timestamp: number,
  sequences: number[],
): Buffer[] {
  const bytes = Buffer.alloc(block.bytes.length);
  const sequence = sequences[channel / 2]!;
  writePackets(block, bytes, 0, { channel, sequence, timestamp, ssrc: 1 });
  sequences[channel / 2] = (sequence + block.starts.length) & 0xffff;
  return block.starts.map((start, index) => bytes.subarray(start, block.starts[index + 1]));
}
