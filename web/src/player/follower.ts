import { signal } from '@preact/signals';
import { monotonic } from '../clock.js';
import { JOIN_MS } from '../timeline/model.js';
import { type Clip, seekTarget } from './plan.js';
import { Player } from './player.js';

/** Unseen by the eye: left as it is. */
const TRUE_MS = 60;
/** Up to here the picture runs a little faster or slower; beyond, it jumps. At 1×. */
const NUDGE_MS = 500;
/** How long a jump is given before the next one. */
const SETTLE_MS = 1000;

export type Following = 'moving' | 'busy' | 'absent';

/** One camera among several on one clock, which it follows as well as its line allows, and never holds up. */
export class Follower {
  readonly player = new Player();
  /** There is no footage of the moment on the clock: nothing is shown. */
  readonly absent = signal(false);
  #clips: Clip[] = [];
  #sought: number | undefined;
  #jumpedAt = Number.NEGATIVE_INFINITY;
  /** How long the last jump took: the next one aims as much further. */
  #delayMs = 150;

  get clips(): readonly Clip[] {
    return this.#clips;
  }

  setClips(clips: Clip[]): void {
    this.#clips = clips;
    this.player.setClips(clips);
  }

  /** Shows the picture of `time`, if there is one. */
  seek(time: number): void {
    this.absent.value = !this.#has(time);
    if (this.absent.value) this.player.pause();
    else this.#jump(time);
  }

  /** To be called for every step of a running clock that shows `time` and goes `rate` times as fast as time. */
  keepUp(time: number, rate: number): Following {
    const { player } = this;
    if (!this.#has(time) || player.fault.value) {
      if (player.playing.value) player.pause();
      this.absent.value = !player.fault.value;
      return 'absent';
    }
    const wasAbsent = this.absent.value;
    this.absent.value = false;
    if (!player.playing.value) player.play();
    if (wasAbsent) this.#jump(time);
    // The picture may end a moment before its entry does.
    if (player.isOver) return 'absent';
    if (!player.isMoving) return 'busy';
    this.#learnDelay();
    this.#correct(time - (player.time.value ?? 0), time, rate);
    return 'moving';
  }

  #correct(behindMs: number, time: number, rate: number): void {
    const [apart, fast] = [Math.abs(behindMs), Math.max(1, rate)];
    if (apart <= TRUE_MS * fast) this.player.nudge(1);
    else if (apart <= NUDGE_MS * fast) this.player.nudge(behindMs > 0 ? 1.1 : 0.9);
    else if (monotonic() - this.#jumpedAt >= SETTLE_MS) this.#jump(time + this.#delayMs * rate);
  }

  #jump(time: number): void {
    this.#jumpedAt = monotonic();
    this.#sought = this.#jumpedAt;
    this.player.seek(time);
  }

  #learnDelay(): void {
    if (this.#sought === undefined) return;
    this.#delayMs = Math.min(monotonic() - this.#sought, 4000);
    this.#sought = undefined;
  }

  #has(time: number): boolean {
    const target = seekTarget(this.#clips, time);
    return target !== undefined && target.time - time <= JOIN_MS;
  }
}
