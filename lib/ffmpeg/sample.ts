import { runChild } from '../child.js';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { redact } from '../redact.js';
import { saysTransportRefused, type Transport, transportRefused } from '../rtsp/failures.js';
import { relayTls } from '../rtsp/tls-relay.js';
import { RTSP_INPUT, type RtspSource, rtspInput } from './rtsp-input.js';

/** What a stream really sent in a few seconds. */
export interface StreamSample {
  /** As ffmpeg names it: `h264`, `hevc`, `mjpeg`. */
  codec: string;
  width: number;
  height: number;
  /** Undefined where there is none. */
  audio: string | undefined;
  /** From the first picture to the last. */
  seconds: number;
  pictures: number;
  fps: number;
  /** Of the pictures alone. */
  bitsPerSecond: number;
  /** Between neighbouring keyframes; empty if fewer than two came. */
  keyframeSeconds: number[];
  /** The longest time between two pictures. */
  pauseSeconds: number;
}

/** A camera that sends nothing at all, microseconds; ffmpeg waits twice as long. */
const SILENCE_US = 5_000_000;

/** To connect, and for a first picture that comes only with the next keyframe. */
const LEAD_MS = 15_000;

/**
 * Plays a stream for a while and counts. Rejects with `unreachable`, `sign-in-refused`, `stream-invalid` or `silent`;
 * with the signal's reason when that aborts.
 */
export async function sampleStream(
  ffmpeg: string,
  source: RtspSource,
  { seconds, clock, signal }: { seconds: number; clock: Clock; signal: AbortSignal },
): Promise<StreamSample> {
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-nostats', ...RTSP_INPUT],
    ...['-map', '0:v:0', '-map', '0:a:0?', '-c', 'copy', '-copyts', '-t', String(seconds), '-f', 'framecrc', 'pipe:1'],
  ];
  const over = new AbortController();
  const deadline = clock.sleep(seconds * 1_000 + LEAD_MS, over.signal).then(() => over.abort());
  const relay = await relayTls(source);
  try {
    const both = AbortSignal.any([signal, over.signal]);
    const result = await runChild(ffmpeg, args, both, { input: rtspInput(relay.source, SILENCE_US), clock });
    signal.throwIfAborted();
    const sample = readFrames(result.stdout.toString('latin1'));
    if (sample) return sample;
    throw relay.failure ?? streamFailure(redact(result.stderr, [source.password]), source.transport);
  } finally {
    over.abort();
    relay.close();
    await deadline;
  }
}

/** ffmpeg's words for what went wrong, in the order they are looked for. */
const REASONS: readonly [RegExp, string, string][] = [
  [
    /401|403|authoriz/i,
    'sign-in-refused',
    'Check user and password; some cameras need RTSP to be allowed for that user.',
  ],
  [/404|not found/i, 'stream-invalid', 'The camera has no stream at this address; look it up in its settings.'],
  [
    /refused|no route|unreachable|timed out|resolve/i,
    'unreachable',
    'Check the address, and that RTSP is switched on.',
  ],
];

/** From the last words of an ffmpeg that read a stream: `unreachable`, `sign-in-refused`, `silent` or `stream-invalid`. */
export function streamFailure(stderr: string, transport: Transport = 'tcp'): Failure {
  if (saysTransportRefused(stderr)) return transportRefused(transport);
  const [, code, hint] = REASONS.find(([words]) => words.test(stderr)) ?? [
    undefined,
    stderr === '' ? 'silent' : 'stream-invalid',
    'Play the stream with another program to see whether it is the camera.',
  ];
  const line = stderr
    .split('\n')
    .at(-1)
    ?.replace(/^pipe:0: /, '')
    .trim();
  return new Failure(line ? `The stream cannot be played: ${line}` : 'The stream sent no picture', {
    ...{ kind: 'transient', code, hint },
  });
}

interface Frame {
  seconds: number;
  bytes: number;
  isKey: boolean;
}

/** From ffmpeg's `framecrc`: a head of `#name stream: value` lines, then `stream, dts, pts, duration, bytes, crc[, F=flags]`. */
export function readFrames(text: string): StreamSample | undefined {
  const head = new Map<string, string>();
  const frames: Frame[] = [];
  for (const line of text.split('\n')) {
    const [, name, value] = /^#(\w+ \d): (.*)$/.exec(line) ?? [];
    if (name) head.set(name, value!);
    const [stream, dts, , , bytes, , ...more] = line.split(',').map((part) => part.trim());
    if (stream !== '0' || Number.isNaN(Number(dts))) continue;
    const [numerator, denominator] = (head.get('tb 0') ?? '1/90000').split('/').map(Number);
    const isKey = !more.some((part) => /^F=0x0$/.test(part));
    frames.push({ seconds: (Number(dts) * numerator!) / denominator!, bytes: Number(bytes), isKey });
  }
  // One picture alone has no rate.
  if (frames.length < 2) return undefined;
  const [width, height] = (head.get('dimensions 0') ?? '0x0').split('x').map(Number);
  return {
    codec: head.get('codec_id 0') ?? '',
    width: width!,
    height: height!,
    audio: head.get('codec_id 1'),
    ...count(frames),
  };
}

function count(frames: readonly Frame[]) {
  const seconds = frames.at(-1)!.seconds - frames[0]!.seconds;
  const keys = frames.filter(({ isKey }) => isKey).map((frame) => frame.seconds);
  const bytes = frames.slice(0, -1).reduce((sum, frame) => sum + frame.bytes, 0);
  return {
    seconds,
    pictures: frames.length,
    fps: (frames.length - 1) / seconds,
    bitsPerSecond: (bytes * 8) / seconds,
    keyframeSeconds: between(keys),
    pauseSeconds: Math.max(...between(frames.map((frame) => frame.seconds))),
  };
}

function between(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - times[index]!);
}
