import type { Clock } from '../../../lib/clock.js';
import { GreyDecoder } from '../../../lib/ffmpeg/grey-decoder.js';
import type { VideoCodec } from '../../../lib/video/annexb.js';
import type { HeldPicture } from './held-group.js';

export interface SmallPicturesOptions {
  ffmpeg: string;
  codec: VideoCodec;
  /** The parameter sets, as a byte stream. */
  sets: Buffer;
  width: number;
  height: number;
  clock: Clock;
  onPicture(picture: Uint8Array, source: HeldPicture): void;
  /** A decoder went away or was given up, with why. The next keyframe begins with another. */
  onLost(why: string): void;
}

/** A decoder that owes a picture for so long hangs. Its start takes a tenth of a second, on a busy machine a few. */
const HUNG_MS = 8_000;

/** What comes at all has come by then, while few pictures are decoded. */
const LATE_MS = 1_500;

/** After one that failed, so long nothing is decoded: one that cannot be started is not tried with each keyframe. */
const PAUSE_MS = 2_000;

/** Decodes what it is given by one ffmpeg, started with the first picture, and by another one where that fails. */
export class SmallPictures {
  readonly #options: SmallPicturesOptions;
  /** Fed, and not given back yet, in order. */
  #owed: { source: HeldPicture; fedMs: number }[] = [];
  #decoder: GreyDecoder | undefined;
  readonly #closing = new Set<Promise<void>>();
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: SmallPicturesOptions) {
    this.#options = options;
  }

  /** False: this one and those that build on it cannot be decoded now. */
  feed(picture: HeldPicture): boolean {
    const now = this.#options.clock.monotonic();
    if (this.#owed.length > 0 && now - this.#owed[0]!.fedMs > HUNG_MS) this.#giveUp('it hangs');
    if (!this.#decoder && (!picture.key || now < this.#notBeforeMs)) return false;
    this.#decoder ??= this.#start();
    if (!this.#decoder.feed(picture.stream)) {
      // What has ended by itself is dealt with where that is noticed.
      if (!this.#decoder.isOver) this.#giveUp('it does not keep up');
      return false;
    }
    this.#owed.push({ source: picture, fedMs: now });
    return true;
  }

  /** Whether all that was fed was given back. */
  get isIdle(): boolean {
    return this.#owed.length === 0;
  }

  /** What was fed so long ago that it will not come any more is no longer waited for: a damaged picture gives none. */
  settle(): void {
    const late = this.#options.clock.monotonic() - LATE_MS;
    this.#owed = this.#owed.filter(({ fedMs }) => fedMs > late);
  }

  async close(): Promise<void> {
    this.#stop();
    await Promise.all(this.#closing);
  }

  #start(): GreyDecoder {
    const { ffmpeg, codec, width, height, sets } = this.#options;
    const decoder = new GreyDecoder({ ffmpeg, codec, width, height, onPicture: (picture) => this.#give(picture) });
    decoder.feed(sets);
    void decoder.ended.then((why) => {
      if (this.#decoder === decoder) this.#giveUp(why);
    });
    return decoder;
  }

  #give(picture: Uint8Array): void {
    const next = this.#owed.shift();
    if (next) this.#options.onPicture(picture, next.source);
  }

  #giveUp(why: string): void {
    this.#stop();
    this.#notBeforeMs = this.#options.clock.monotonic() + PAUSE_MS;
    this.#options.onLost(why);
  }

  #stop(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#owed = [];
    if (!decoder) return;
    const closed = decoder.close().then(() => {
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }
}
