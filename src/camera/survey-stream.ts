import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { sampleStream } from '../../lib/ffmpeg/sample.js';
import type { SurveyedCamera } from './survey.js';

/** Whether an address is that of a stream, and not of an ONVIF service. */
export function isStream(address: string): boolean {
  return /^rtsps?:/i.test(address);
}

/** Long enough for a keyframe of most cameras, and a rate that means something. */
const SECONDS = 3;

/**
 * A camera of which only a stream is known: what it sends is all there is to say of it. `url` without sign-in details. Rejects
 * only with the signal's reason.
 */
export async function surveyStream(
  url: string,
  signIn: { username?: string; password?: string },
  { ffmpeg, clock, signal }: { ffmpeg: string; clock: Clock; signal: AbortSignal },
): Promise<SurveyedCamera> {
  const unknown = { name: null, manufacturer: null, model: null, firmware: null, serial: null, mac: null, uuid: null };
  const camera = { ...unknown, address: url, profiles: [], streams: [], certificate: null };
  try {
    const { username, password } = signIn;
    const sample = await sampleStream(ffmpeg, { url, username, password }, { seconds: SECONDS, clock, signal });
    const { codec, width, height, fps, bitsPerSecond, keyframeSeconds } = sample;
    const measured = { bitrateKbps: Math.round(bitsPerSecond / 1_000), gop: gopOf(keyframeSeconds, fps) };
    const stream = { channel: 1, stream: 'main' as const, codec: CODECS[codec] ?? codec, width, height, url };
    const streams = [{ ...stream, fps: Math.round(fps * 10) / 10, ...measured }];
    return { ...camera, streams, authenticated: true, problem: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint = null } = error;
    return { ...camera, authenticated: false, problem: { code, message, hint } };
  }
}

/** ffmpeg's names, as ONVIF's. */
const CODECS: Record<string, string> = { h264: 'H264', hevc: 'H265', mjpeg: 'JPEG' };

function gopOf(keyframeSeconds: readonly number[], fps: number): number | null {
  const [first] = keyframeSeconds;
  return first === undefined ? null : Math.round(first * fps);
}
