import type { Clock } from '../../../lib/clock.js';
import { messageOf } from '../../../lib/errors.js';
import type { Log } from '../../../lib/log.js';
import { MotionDetector, type Movement } from '../../../lib/motion-analysis/detector.js';
import { PictureSizes } from '../../../lib/motion-analysis/picture-sizes.js';
import type { Zone } from '../../../lib/motion-analysis/zones.js';
import type { AccessUnit, TrackFormat } from '../../../lib/rtsp/access-unit.js';
import { readEntry, toByteStream, type VideoCodec } from '../../../lib/video/annexb.js';
import { Attention } from './attention.js';
import { HeldGroup, type HeldPicture } from './held-group.js';
import { SmallPictures } from './small-pictures.js';

export interface WatchOptions {
  camera: string;
  ffmpeg: string;
  zones?: readonly Zone[];
  sensitivity?: number;
  minArea?: number;
  minDurationMs?: number;
  clock: Clock;
  log: Log;
  /** A picture was decoded and looked at: everything works. */
  onSeen(): void;
  /** Pictures come, and cannot be looked at. */
  onBlind(why: string): void;
  /** With each picture read or looked at: whether the next ones are urgent. */
  onAttention(urgent: boolean): void;
  /** Something moves in a picture; comes again with each picture in which it does. */
  onMoving(movement: Movement, source: Pick<HeldPicture, 'mediaMs' | 'arrivedMs'>): void;
}

/** Pictures looked at have about so many pixels, whatever their shape. */
const LOOKED_AT_PIXELS = 160 * 90;

/** From one look to the next. */
const LOOK_MS = 180;
const LOOK_CLOSER_MS = 120;

interface Stream {
  format: TrackFormat;
  codec: VideoCodec;
  sizes: PictureSizes;
  detector: MotionDetector;
  small: SmallPictures;
}

/**
 * Watches one stream in two stages. The sizes of its pictures are looked at all the time, which costs next to nothing; the pictures
 * themselves from the last keyframe on where `Attention` says that it is worth it.
 */
export class PictureWatch {
  readonly #options: WatchOptions;
  readonly #held = new HeldGroup();
  #stream: Stream | undefined;
  #closing: Promise<void> = Promise.resolve();
  #attention = new Attention();
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Takes the next picture of the stream. What cannot be read is passed over. */
  take(unit: AccessUnit): void {
    if (unit.format !== this.#stream?.format) this.#begin(unit.format);
    const stream = this.#stream;
    if (!stream) return;
    const mediaMs = (unit.dts * 1_000) / unit.format.timescale;
    // Smears move.
    if (unit.afterLoss && !unit.key) this.#held.drop();
    const verdict = stream.sizes.take(unit.data.length, unit.key, this.#attention.isCalm);
    const { decode, goesOn } = this.#attention.picture(mediaMs, unit.key, verdict);
    if (goesOn) this.#options.onMoving(goesOn, { mediaMs, arrivedMs: unit.arrivedMs });
    this.#options.onAttention(this.#attention.isUrgent);
    if (!this.#hold(unit, stream.codec, mediaMs)) return;
    if (unit.key && decode !== 'all') stream.small.settle();
    if (this.#held.isFull) this.#decode(stream.small, 'all');
    else if (decode !== 'nothing') this.#decode(stream.small, decode);
  }

  async close(): Promise<void> {
    this.#end();
    await this.#closing;
  }

  #begin(format: TrackFormat): void {
    this.#end();
    const { camera, log, ffmpeg, clock } = this.#options;
    try {
      const { codec, sets } = readEntry(format.entry);
      const size = smallSize(format);
      const detector = new MotionDetector({ ...this.#options, ...size });
      const sizes = new PictureSizes(format.width * format.height);
      const small = new SmallPictures({
        ...{ ffmpeg, codec, sets, ...size, clock },
        onPicture: (picture, source) => this.#look(detector, picture, source),
        onLost: (why) => {
          this.#held.drop();
          log.warn({ camera, error: why }, 'the decoder for motion failed; started again');
          this.#options.onBlind(`the decoder failed: ${why}`);
        },
      });
      this.#stream = { format, codec, sizes, detector, small };
    } catch (error) {
      log.warn({ camera, error: messageOf(error) }, 'the pictures cannot be watched for motion');
      this.#options.onBlind(`the pictures cannot be read: ${messageOf(error)}`);
    }
  }

  #end(): void {
    this.#held.drop();
    const small = this.#stream?.small;
    this.#stream = undefined;
    this.#attention = new Attention();
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    if (small) this.#closing = Promise.all([this.#closing, small.close()]).then(() => undefined);
  }

  #hold({ data, key, arrivedMs }: AccessUnit, codec: VideoCodec, mediaMs: number): boolean {
    try {
      this.#held.add({ stream: toByteStream(data, codec), key, mediaMs, arrivedMs });
      return true;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#held.drop();
      return false;
    }
  }

  #decode(small: SmallPictures, what: 'all' | 'key'): void {
    for (const picture of this.#held.take(what)) {
      if (small.feed(picture)) continue;
      this.#held.drop();
      return;
    }
  }

  #look(detector: MotionDetector, picture: Uint8Array, source: HeldPicture): void {
    const { mediaMs } = source;
    this.#options.onSeen();
    if (mediaMs - this.#lookedMs < (this.#attention.isCalm ? LOOK_MS : LOOK_CLOSER_MS) && mediaMs >= this.#lookedMs)
      return;
    this.#lookedMs = mediaMs;
    const sight = detector.look(picture, mediaMs);
    this.#attention.looked(sight, mediaMs);
    if (sight.moving) this.#options.onMoving(sight.moving, source);
    this.#options.onAttention(this.#attention.isUrgent);
  }
}

function smallSize({ width, height }: TrackFormat): { width: number; height: number } {
  const across = Math.round(Math.sqrt((LOOKED_AT_PIXELS * width) / height));
  return { width: across, height: Math.max(1, Math.round(LOOKED_AT_PIXELS / across)) };
}
