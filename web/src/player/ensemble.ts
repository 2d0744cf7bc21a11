import { batch, computed, signal } from '@preact/signals';
import { monotonic } from '../clock.js';
import { Follower } from './follower.js';
import { type Clip, seekTarget } from './plan.js';
import { USUAL_FRAME_MS } from './player.js';

/** As many as a screen can show and a browser decode. */
export const MOST_CAMERAS = 9;

/** A page in the background gets no frames: what its pictures did meanwhile is then the time. */
const ASLEEP_MS = 1000;

/**
 * What is on the stage: one camera, which plays by itself and skips its gaps, or several at the same moment. Several share one
 * clock, which runs as long as any of them shows moving pictures: the slow one does not stop the others.
 */
export class Ensemble {
  readonly rate = signal(1);
  readonly muted = signal(true);
  readonly #followers = signal<ReadonlyMap<string, Follower>>(new Map([['', new Follower()]]));
  readonly #lead = signal('');
  readonly #clock = signal<number | undefined>(undefined);
  readonly #running = signal(false);
  readonly #stuck = signal(false);
  readonly #ended = signal(false);
  #closed = false;
  onSkip: (from: number, to: number) => void = () => undefined;

  readonly cameras = computed(() => [...this.#followers.value.keys()]);
  readonly isSolo = computed(() => this.#followers.value.size === 1);
  /** The camera that is heard, saved and drawn large in the list. */
  readonly player = computed(() => this.#followers.value.get(this.#lead.value)!.player);
  readonly time = computed(() => (this.isSolo.value ? this.player.value.time.value : this.#clock.value));
  readonly playing = computed(() => (this.isSolo.value ? this.player.value.playing.value : this.#running.value));
  readonly busy = computed(() => (this.isSolo.value ? this.player.value.busy.value : this.#stuck.value));
  readonly atEnd = computed(() => (this.isSolo.value ? this.player.value.atEnd.value : this.#ended.value));

  /** See {@link Player.aim}. */
  get aim(): number | undefined {
    return this.isSolo.peek() ? this.player.peek().aim : this.#clock.peek();
  }

  of(camera: string): Follower | undefined {
    return this.#followers.value.get(camera);
  }

  /** Puts `cameras`, at least one, on the stage, `lead` among them. Those that were there already go on undisturbed. */
  show(cameras: readonly string[], lead: string): void {
    const [time, playing] = [this.time.peek(), this.playing.peek()];
    const before = this.#followers.peek();
    const after = new Map(cameras.map((camera) => [camera, before.get(camera) ?? new Follower()]));
    for (const [camera, { player }] of before) if (!after.has(camera)) player.close();
    batch(() => {
      this.#followers.value = after;
      this.#lead.value = lead;
      this.#ended.value = false;
    });
    for (const { player } of after.values()) {
      player.skips = after.size === 1;
      player.onSkip = (from, to) => this.onSkip(from, to);
      player.setRate(this.rate.peek());
    }
    this.setMuted(this.muted.peek());
    this.#handOver(time, playing);
  }

  /** From one camera's own time to the common clock, or back. */
  #handOver(time: number | undefined, playing: boolean): void {
    const { player } = this;
    this.#clock.value = time;
    this.#running.value = false;
    if (this.isSolo.peek()) {
      player.peek().playing.value = playing;
      if (playing && player.peek().time.peek() !== undefined) player.peek().play();
      return;
    }
    if (time !== undefined) for (const follower of this.#all) follower.seek(time);
    if (playing) this.play();
  }

  setClips(camera: string, clips: Clip[]): void {
    const follower = this.of(camera);
    if (!follower) return;
    const isNew = follower.clips.length === 0;
    follower.setClips(clips);
    if (this.isSolo.peek()) return;
    const time = this.#clock.peek();
    if (isNew && time !== undefined) follower.seek(time);
    if (this.#ended.peek()) this.#skipGap(time ?? 0);
  }

  /** Shows `time`, or the next footage of any camera after it. False when there is none. See `seekTarget` for `backFrom`. */
  seek(time: number, backFrom?: number): boolean {
    if (this.isSolo.peek()) return this.player.peek().seek(time, backFrom);
    const target = seekTarget(this.#allClips(), time, backFrom);
    if (!target) return false;
    this.#moveTo(target.time);
    return true;
  }

  play(): void {
    if (this.isSolo.peek()) {
      this.player.peek().play();
    } else if (!this.#running.peek()) {
      this.#running.value = true;
      this.#run();
    }
  }

  pause(): void {
    this.#running.value = false;
    this.#stuck.value = false;
    for (const { player } of this.#all) player.pause();
  }

  toggle(): void {
    if (this.playing.peek()) this.pause();
    else this.play();
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    for (const { player } of this.#all) player.setRate(rate);
  }

  /** Only the lead is heard. */
  setMuted(muted: boolean): void {
    this.muted.value = muted;
    for (const { player } of this.#all) player.setMuted(muted || player !== this.player.peek());
  }

  /** One picture back or on, paused. */
  step(by: 1 | -1): void {
    const time = this.#clock.peek();
    if (this.isSolo.peek()) {
      this.player.peek().step(by);
    } else if (time !== undefined) {
      this.pause();
      this.seek(time + by * USUAL_FRAME_MS, by < 0 ? time : undefined);
    }
  }

  /** Nothing of what was stays on screen. */
  empty(): void {
    this.#clock.value = undefined;
    this.#ended.value = false;
    for (const { player } of this.#all) player.empty();
  }

  close(): void {
    this.#closed = true;
    this.pause();
    for (const { player } of this.#all) player.close();
  }

  get #all(): Iterable<Follower> {
    return this.#followers.peek().values();
  }

  #allClips(): Clip[] {
    return [...this.#all].flatMap(({ clips }) => clips).sort((a, b) => a.start - b.start || a.end - b.end);
  }

  #moveTo(time: number): void {
    this.#ended.value = false;
    this.#clock.value = time;
    for (const follower of this.#all) follower.seek(time);
  }

  #run(): void {
    let before = monotonic();
    const step = () => {
      if (!this.#running.peek() || this.#closed || this.isSolo.peek()) return;
      const now = monotonic();
      this.#advance(now - before);
      before = now;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #advance(passedMs: number): void {
    const time = this.#clock.peek();
    if (time === undefined || this.#ended.peek()) return;
    const rate = this.rate.peek();
    const ahead = passedMs > ASLEEP_MS ? this.#awakeAt(time) : time;
    const states = [...this.#all].map((follower) => follower.keepUp(ahead, rate));
    const isMoving = states.includes('moving');
    this.#stuck.value = !isMoving && states.includes('busy');
    if (isMoving) this.#clock.value = ahead + (ahead === time ? passedMs * rate : 0);
    else if (!this.#stuck.peek()) this.#skipGap(time);
  }

  #awakeAt(time: number): number {
    const times = [...this.#all]
      .filter(({ player }) => player.isMoving)
      .map(({ player }) => player.time.peek() ?? time);
    return Math.max(time, ...times);
  }

  /** No camera has footage of `time`. */
  #skipGap(time: number): void {
    const next = this.#allClips().find((clip) => clip.start > time);
    this.#ended.value = !next;
    if (!next) return;
    if (next.start - time > 1000) this.onSkip(time, next.start);
    this.#moveTo(next.start);
  }
}
