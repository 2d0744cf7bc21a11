import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ended, runChild, spawnDependent, stopChild, tail } from '../child.js';
import { Failure } from '../errors.js';
import { newPicture } from './canvas.js';
import type { VideoCodec } from './device-settings.js';
import type { Scene } from './scene.js';
import { AAC_FRAME_MS, SAMPLE_RATE, sceneSound } from './sound.js';

export interface VideoCoding {
  /**
   * `capped`: as many bits as the picture needs, at most `rateBps`, so that packets grow when something moves.
   * `constant`: about `rateBps` whatever moves; needs a scene with `noise` (4 or more) to have something to spend it on.
   */
  rate: 'capped' | 'constant';
  rateBps: number;
  gopFrames: number;
  /** Default H264. */
  codec?: VideoCodec;
}

/**
 * ffmpeg arguments: raw pictures on standard input, video to `video`, one JPEG per second to `mjpeg`. No B-frames, closed
 * groups of fixed length, parameter sets before each keyframe: what cameras send, and what lets the clip start over.
 */
export function videoArguments({ spec }: Scene, coding: VideoCoding, video: string, mjpeg: string): string[] {
  const colours = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'];
  const { rate, rateBps, codec } = coding;
  return [
    ...['-hide_banner', '-loglevel', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p'],
    ...['-s', `${spec.width}x${spec.height}`, '-r', String(spec.fps), ...colours, '-i', 'pipe:0'],
    ...(codec === 'H265' ? x265(coding, colours) : x264(coding, colours)),
    ...(rate === 'constant' ? ['-b:v', String(rateBps)] : ['-crf', '26']),
    ...['-maxrate', String(rateBps), '-bufsize', String(rateBps), '-f', codec === 'H265' ? 'hevc' : 'h264', video],
    ...[
      '-vf',
      `framestep=${spec.fps},scale=out_range=pc,format=yuvj420p`,
      '-c:v',
      'mjpeg',
      '-q:v',
      '4',
      '-f',
      'mjpeg',
      mjpeg,
    ],
  ];
}

function x264({ gopFrames }: VideoCoding, colours: readonly string[]): string[] {
  return [
    ...['-c:v', 'libx264', '-preset', 'superfast', '-profile:v', 'high', '-bf', '0', '-g', String(gopFrames)],
    ...['-keyint_min', String(gopFrames), '-sc_threshold', '0', ...colours],
    // Adaptive quantisation spends its bits on flat, noisy ground, and drowns in it what moves.
    ...['-aq-mode', '0'],
  ];
}

function x265({ gopFrames }: VideoCoding, colours: readonly string[]): string[] {
  const own = `keyint=${gopFrames}:min-keyint=${gopFrames}:scenecut=0:bframes=0:open-gop=0:repeat-headers=1:aq-mode=0:info=0`;
  return ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', `${own}:log-level=error`, ...colours];
}

/** Draws the scene once and encodes it. Rejects with a `Failure` (`ffmpeg-missing`, `ffmpeg-failed`, `aborted`). */
export async function encodeVideo(
  ffmpeg: string,
  scene: Scene,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  refuseIfAborted(signal);
  const child = spawnDependent(ffmpeg, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const stop = () => stopChild(child);
  signal.addEventListener('abort', stop);
  const stderr = tail(child);
  try {
    // An encoder that ends early breaks the pipe; its exit status tells the story.
    const drawn = pipeline(Readable.from(pictures(scene), { objectMode: false }), child.stdin!).catch(() => undefined);
    const result = await ended(child).catch((error: unknown) => {
      throw missing(ffmpeg, error);
    });
    await drawn;
    refuseIfAborted(signal);
    check(ffmpeg, result.code, stderr());
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** An AAC stream of the loop's length plus `lead` frames, as ADTS. */
export async function encodeSound(ffmpeg: string, loopMs: number, lead: number, signal: AbortSignal): Promise<Buffer> {
  const raw = ['-f', 's16le', '-ar', String(SAMPLE_RATE), '-ac', '1', '-i', 'pipe:0'];
  const args = ['-hide_banner', '-loglevel', 'error', ...raw, '-c:a', 'aac', '-b:a', '32k', '-f', 'adts', 'pipe:1'];
  const input = sceneSound(loopMs, loopMs / AAC_FRAME_MS + lead);
  const result = await runChild(ffmpeg, args, signal, { input }).catch((error: unknown) => {
    refuseIfAborted(signal);
    throw missing(ffmpeg, error);
  });
  refuseIfAborted(signal);
  check(ffmpeg, result.code, result.stderr);
  return result.stdout;
}

function* pictures(scene: Scene): Generator<Buffer> {
  for (let index = 0; index < scene.frames; index++) {
    const picture = newPicture(scene.spec.width, scene.spec.height);
    scene.draw(index, picture);
    yield picture.data;
  }
}

function refuseIfAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new Failure('encoding the simulated camera was stopped', { kind: 'aborted', code: 'aborted' });
}

function check(ffmpeg: string, code: number | null, stderr: string): void {
  if (code === 0) return;
  // The launcher's way to say that the program it should become does not exist.
  if (code === 127) throw missing(ffmpeg, stderr);
  throw new Failure(`${ffmpeg} could not encode the simulated camera: ${stderr || `exit status ${code}`}`, {
    kind: 'permanent',
    code: 'ffmpeg-failed',
    hint: 'Use an ffmpeg with libx264, libx265 and AAC, as Debian builds it.',
  });
}

function missing(ffmpeg: string, cause: unknown): Failure {
  return new Failure(`${ffmpeg} could not be started`, {
    kind: 'permanent',
    code: 'ffmpeg-missing',
    hint: 'Install ffmpeg: apt-get install ffmpeg',
    cause,
  });
}
