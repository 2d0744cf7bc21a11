import type { Clock } from '../../../lib/clock.js';
import type { Movement } from '../../../lib/motion-analysis/detector.js';
import type { MotionChange } from '../motion-source.js';

export interface MotionSpanOptions {
  /** So long after the last movement, on the stream's own time line, motion has ended. */
  holdOffMs: number;
  clock: Clock;
  push(change: MotionChange): void;
}

/** Makes beginnings and ends, by turns, of single pictures in which something moves. */
export class MotionSpan {
  readonly #options: MotionSpanOptions;
  #lastMs: number | undefined;
  #toldAt = 0;
  #score = 0;

  constructor(options: MotionSpanOptions) {
    this.#options = options;
  }

  /** A beginning was told, and its end was not yet. */
  get isOpen(): boolean {
    return this.#lastMs !== undefined;
  }

  /** Something moves in the picture of this media time, which was read at this monotonic time. */
  moving({ score, region }: Movement, mediaMs: number, arrivedMs: number): void {
    const isNew = this.#lastMs === undefined;
    this.#lastMs = mediaMs;
    this.#score = isNew ? score : Math.max(this.#score, score);
    if (isNew) this.#push({ active: true, region }, this.#options.clock.monotonic() - arrivedMs);
  }

  /** The stream has come to this media time. */
  passed(mediaMs: number): void {
    if (this.#lastMs !== undefined && mediaMs - this.#lastMs > this.#options.holdOffMs) this.end();
  }

  /** Nothing moves any more, or nobody could tell. */
  end(): void {
    if (this.#lastMs === undefined) return;
    this.#lastMs = undefined;
    this.#push({ active: false }, 0);
  }

  #push(change: Pick<MotionChange, 'active' | 'region'>, agoMs: number): void {
    // A clock that is set back must not make the end come before the beginning.
    this.#toldAt = Math.max(this.#toldAt, Math.round(this.#options.clock.now() - Math.max(0, agoMs)));
    this.#options.push({ at: this.#toldAt, kind: 'motion', source: '', score: this.#score, ...change });
  }
}
