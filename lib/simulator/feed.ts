import { AAC_FRAME_SAMPLES } from './adts.js';
import type { Clip } from './clip.js';
import { type PacketBlock, packetiseAac, packetiseVideo } from './rtp.js';

export const VIDEO_CLOCK_HZ = 90_000;

/**
 * A clip as packets, and the arithmetic of playing it without end. Positions are counts of pictures or audio frames since
 * the simulator started; they never go back when the loop starts over, so neither do the timestamps made of them.
 */
export class Feed {
  readonly clip: Clip;
  readonly #video: readonly PacketBlock[];
  readonly #audio: readonly PacketBlock[];

  constructor(clip: Clip) {
    this.clip = clip;
    this.#video = clip.video.map(({ nals }) => packetiseVideo(nals, clip.spec.codec ?? 'H264'));
    this.#audio = clip.audio.frames.map(packetiseAac);
  }

  video(position: number): PacketBlock {
    return this.#video[position % this.#video.length]!;
  }

  audio(position: number): PacketBlock {
    return this.#audio[position % this.#audio.length]!;
  }

  isKey(position: number): boolean {
    return this.clip.video[position % this.clip.video.length]!.key;
  }

  /** When a picture is due, milliseconds since the start. */
  dueMs(position: number): number {
    return (position * 1000) / this.clip.spec.fps;
  }

  /** The first keyframe that is due at `elapsedMs` or later. */
  nextKey(elapsedMs: number): number {
    const { fps, gopFrames } = this.clip.spec;
    const frames = Math.ceil((elapsedMs * fps) / 1000);
    return Math.ceil(frames / gopFrames) * gopFrames;
  }

  /** The first audio frame that starts with this picture or later. */
  audioAt(position: number): number {
    return Math.ceil(this.audioTime(position) / AAC_FRAME_SAMPLES);
  }

  /** The moment of a picture on the audio clock, in samples since the start. */
  audioTime(position: number): number {
    return Math.round((position * this.clip.audio.sampleRate) / this.clip.spec.fps);
  }

  videoTime(position: number): number {
    return (position * VIDEO_CLOCK_HZ) / this.clip.spec.fps;
  }
}
