import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asideName } from '../files.js';
import { type AacStream, parseAdts } from './adts.js';
import { type AccessUnit, accessUnits, HEVC_NAL, hevcNalType, NAL, nalType, splitNals } from './annexb.js';
import { newPicture } from './canvas.js';
import { encodeSound, encodeVideo, type VideoCoding, videoArguments } from './encode.js';
import { type MotionInterval, motionOf, Scene, type SceneSpec } from './scene.js';
import { AAC_FRAME_MS } from './sound.js';

/**
 * What to encode. `loopMs` must be whole numbers of groups of pictures and of 64 ms audio frames at once (16 s at 15 fps
 * with groups of 15 is); `fps` must divide 90,000. Anything else is a RangeError: the loop would break its timestamps.
 */
export interface ClipSpec extends SceneSpec, VideoCoding {}

/** A scene encoded once, in memory, ready to be packetised. */
export interface Clip {
  spec: ClipSpec;
  /** One per picture; the first is a keyframe, and the last is followed by the first. */
  video: AccessUnit[];
  /** H.265 alone has one. */
  vps?: Buffer;
  sps: Buffer;
  pps: Buffer;
  audio: AacStream;
  /** One per second of the loop. */
  snapshots: Buffer[];
  motion: MotionInterval[];
}

export interface ClipOptions {
  /** An existing or creatable folder; encoded clips are kept there and found again. */
  cacheDir: string;
  ffmpeg: string;
}

/**
 * The encoder's first frame holds nothing but its start-up; of a periodic sound, any run of frames after it repeats
 * without a seam.
 */
const AUDIO_LEAD_FRAMES = 2;

/** Encodes a clip, or finds it in the cache. Rejects with the `Failure`s of the encoder, or a RangeError for the spec. */
export async function loadClip(spec: ClipSpec, { cacheDir, ffmpeg }: ClipOptions, signal: AbortSignal): Promise<Clip> {
  checkSpec(spec);
  await mkdir(cacheDir, { recursive: true });
  const scene = new Scene(spec);
  const key = videoKey(scene, spec);
  const [video, mjpeg] = await cached(cacheDir, key, [spec.codec === 'H265' ? 'h265' : 'h264', 'mjpeg'], (files) =>
    encodeVideo(ffmpeg, scene, videoArguments(scene, spec, files[0]!, files[1]!), signal),
  );
  const [adts] = await cached(cacheDir, `sound-${spec.loopMs}`, ['aac'], async ([file]) =>
    writeFile(file!, await encodeSound(ffmpeg, spec.loopMs, AUDIO_LEAD_FRAMES, signal)),
  );
  return assemble(spec, video!, mjpeg!, adts!);
}

function assemble(spec: ClipSpec, stream: Buffer, mjpeg: Buffer, adts: Buffer): Clip {
  const nals = splitNals(stream);
  const video = accessUnits(nals, spec.codec);
  const sound = parseAdts(adts);
  const audio = {
    ...sound,
    frames: sound.frames.slice(AUDIO_LEAD_FRAMES, AUDIO_LEAD_FRAMES + spec.loopMs / AAC_FRAME_MS),
  };
  const isHevc = spec.codec === 'H265';
  const first = (type: number) => nals.find((nal) => (isHevc ? hevcNalType(nal) : nalType(nal)) === type);
  const vps = isHevc ? first(HEVC_NAL.vps) : undefined;
  const [sps, pps] = isHevc ? [first(HEVC_NAL.sps), first(HEVC_NAL.pps)] : [first(NAL.sps), first(NAL.pps)];
  const whole = video.length === (spec.loopMs * spec.fps) / 1000 && audio.frames.length === spec.loopMs / AAC_FRAME_MS;
  if (!whole || !sps || !pps || (isHevc && !vps))
    throw new Error(`the encoder made ${video.length} pictures and ${audio.frames.length} audio frames`);
  return { spec, video, vps, sps, pps, audio, snapshots: splitJpegs(mjpeg), motion: motionOf(spec) };
}

export function checkSpec({ fps, loopMs, gopFrames }: ClipSpec): void {
  const frames = (loopMs * fps) / 1000;
  if (90_000 % fps !== 0) throw new RangeError(`${fps} fps does not divide the 90 kHz RTP clock`);
  if (!Number.isInteger(frames) || frames % gopFrames !== 0) {
    throw new RangeError(`${loopMs} ms at ${fps} fps is no whole number of groups of ${gopFrames} pictures`);
  }
  if (loopMs % AAC_FRAME_MS !== 0)
    throw new RangeError(`${loopMs} ms is no whole number of ${AAC_FRAME_MS} ms audio frames`);
}

/** Names the pixels as well as the parameters, so that a changed drawing is not served from an old cache. */
function videoKey(scene: Scene, spec: ClipSpec): string {
  const hash = createHash('sha256').update(JSON.stringify([spec, videoArguments(scene, spec, '', '')]));
  const picture = newPicture(spec.width, spec.height);
  for (let quarter = 0; quarter < 4; quarter++) {
    scene.draw(Math.floor((scene.frames * quarter) / 4), picture);
    hash.update(picture.data);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Files appear under their names only when all of them are whole, the first one last. */
async function cached(
  dir: string,
  key: string,
  kinds: readonly string[],
  make: (files: string[]) => Promise<void>,
): Promise<Buffer[]> {
  const files = kinds.map((kind) => join(dir, `${key}.${kind}`));
  const read = () => Promise.all(files.map((file) => readFile(file)));
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const asides = files.map(asideName);
  try {
    await make(asides);
    for (let index = files.length - 1; index >= 0; index--) await rename(asides[index]!, files[index]!);
  } finally {
    await Promise.all(asides.map((aside) => rm(aside, { force: true })));
  }
  return await read();
}

const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);

function splitJpegs(mjpeg: Buffer): Buffer[] {
  const images: Buffer[] = [];
  for (let at = 0; at >= 0 && at < mjpeg.length; ) {
    const next = mjpeg.indexOf(JPEG_START, at + 3);
    images.push(mjpeg.subarray(at, next < 0 ? mjpeg.length : next));
    at = next;
  }
  return images;
}
