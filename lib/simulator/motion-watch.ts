import type { Clock } from '../clock.js';
import type { Subject } from './movers.js';
import type { MotionInterval } from './scene.js';

export interface MotionWatchOptions {
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning. */
  epochMs: number;
  loopMs: number;
  motion: readonly MotionInterval[];
}

/** What moves before a camera at this moment: the movers of its scene, or what a test says instead. */
export class MotionWatch {
  readonly #options: MotionWatchOptions;
  #forced: readonly Subject[] | undefined;
  #interrupt = new AbortController();

  constructor(options: MotionWatchOptions) {
    this.#options = options;
  }

  active(): readonly Subject[] {
    if (this.#forced) return this.#forced;
    const at = this.#sceneMs();
    return this.#options.motion
      .filter(({ startMs, endMs }) => startMs <= at && at < endMs)
      .map(({ subject }) => subject);
  }

  /** From now on these move, whatever the picture shows; undefined: what the picture shows. */
  force(subjects: readonly Subject[] | undefined): void {
    this.#forced = subjects;
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
  }

  /** Resolves when something else may be moving, or the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#interrupt.signal]);
    await this.#options.clock.sleep(this.#untilChangeMs(), either);
  }

  /** While a test says what moves, only the test changes it: any long time will do. */
  #untilChangeMs(): number {
    const { loopMs, motion } = this.#options;
    if (this.#forced || motion.length === 0) return 60_000;
    const at = this.#sceneMs();
    const borders = motion.flatMap(({ startMs, endMs }) => [startMs, endMs]);
    const waits = borders.map((border) => (border > at ? border - at : border - at + loopMs));
    // Timers may fire a little early; the scene must be past the border when we look.
    return Math.min(...waits) + 1;
  }

  #sceneMs(): number {
    const { clock, epochMs, loopMs } = this.#options;
    return (clock.monotonic() - epochMs) % loopMs;
  }
}
