import type { Clock } from '../../lib/clock.js';
import type { RecordMode, Schedule } from '../config/schedule.js';
import type { OffReason } from '../segment.js';
import type { Gate } from './gate.js';

/** Whoever notices motion before the camera. Declared here because recording knows no more of it. */
export interface Watcher {
  /** Nobody can tell whether something moves. */
  readonly blind: boolean;
  follow(listener: (notice: { active: boolean; at: number }) => void): () => void;
}

export interface PlanOptions {
  schedule: Schedule;
  preRollMs: number;
  postRollMs: number;
  memoryBytes: number;
  watcher: Watcher;
  clock: Clock;
}

/** Cameras notice motion so much later than it begins. */
const LATE_MS = 2_000;

/** When a picture was made is known to so much. */
const TAIL_MS = 1_000;

/** Word of motion may be on its way for so long. */
const WORD_MS = 3_000;

/** A camera is connected to so long before it is to record, and for so long after, so that no picture is missing at the border. */
const EARLY_MS = 15_000;
const LINGER_MS = 5_000;

const MINUTE_MS = 60_000;
const LONGEST_OFF_MS = 8 * 86_400_000;

interface Window {
  fromMs: number;
  toMs: number;
}

/** What one camera is to record at which time: always, while something moves, or not at all. */
export class RecordingPlan implements Gate {
  readonly memoryBytes: number;
  readonly #options: PlanOptions;
  /** When something moved, with what is kept before and after. By the monotonic clock; the last may go on. */
  readonly #windows: Window[] = [];

  constructor(options: PlanOptions) {
    this.#options = options;
    this.memoryBytes = options.memoryBytes;
    options.watcher.follow(({ active, at }) => this.#moved(active, at));
  }

  /** Whether everything is kept at all times: then nothing needs to be held. */
  get isConstant(): boolean {
    return !this.#options.schedule.isEver('motion', 'off');
  }

  /** Whether anything is recorded at any time. */
  get isEverOn(): boolean {
    return this.#options.schedule.isEver('motion', 'continuous');
  }

  modeAt(time: number): RecordMode {
    return this.#options.schedule.modeAt(time);
  }

  /** Whether the camera is left alone at this moment: it is off, was off a little while ago, and will be in a little while. */
  rests(now: number): boolean {
    return [now - LINGER_MS, now, now + EARLY_MS].every((time) => this.modeAt(time) === 'off');
  }

  /** Whether it was off all the time. What is too long ago to be looked at was not. */
  isOffThroughout(from: number, to: number): boolean {
    if (to - from > LONGEST_OFF_MS) return false;
    for (let time = from; time < to; time += MINUTE_MS) if (this.modeAt(time) !== 'off') return false;
    return this.modeAt(to) === 'off';
  }

  /** Until when it was off without a break from `from` on, at the latest until `to`; modes change at full minutes. */
  offUntil(from: number, to: number): number {
    if (this.modeAt(from) !== 'off') return from;
    let border = (Math.floor(from / MINUTE_MS) + 1) * MINUTE_MS;
    while (border < to && this.modeAt(border) === 'off') border += MINUTE_MS;
    return Math.min(border, to);
  }

  /** When it is to record again; undefined if that is not in the next week. */
  offEnd(now: number): number | undefined {
    if (!this.isEverOn) return undefined;
    const latest = now + LONGEST_OFF_MS;
    const end = this.offUntil(now, latest);
    return end < latest ? end : undefined;
  }

  /** Why nothing is recorded at a moment at which nothing is. */
  reasonAt(time: number): OffReason {
    return this.modeAt(time) === 'off' ? this.#options.schedule.offReason : 'no-motion';
  }

  wants(fromMs: number, toMs: number): boolean {
    const modes = [fromMs, ...(Number.isFinite(toMs) ? [toMs] : [])].map((ms) => this.modeAt(this.#wallOf(ms)));
    if (modes.includes('continuous')) return true;
    if (!modes.includes('motion')) return false;
    this.#lookAround();
    return this.#windows.some((window) => window.fromMs < toMs && window.toMs > fromMs);
  }

  forgetsBefore(): number {
    return this.#options.clock.monotonic() - this.#options.preRollMs - LATE_MS - WORD_MS;
  }

  sectionAt(ms: number): RecordMode {
    return this.modeOfFile(this.#wallOf(ms));
  }

  /** As what a file is recorded that begins then: one that begins while it is off does so for what follows, at a full minute. */
  modeOfFile(start: number): RecordMode {
    const mode = this.modeAt(start);
    return mode === 'off' ? this.modeAt(Math.ceil(start / MINUTE_MS) * MINUTE_MS) : mode;
  }

  #wallOf(ms: number): number {
    const { clock } = this.#options;
    return ms + clock.now() - clock.monotonic();
  }

  #moved(active: boolean, at: number): void {
    const { clock, postRollMs } = this.#options;
    const nowMs = clock.monotonic();
    const last = this.#windows.at(-1);
    if (active) this.#open(at - clock.now() + nowMs);
    // Cameras tell of an end in whole seconds, and by clocks of their own: it is over when word of that came, at the latest.
    else if (last?.toMs === Number.POSITIVE_INFINITY) last.toMs = nowMs + postRollMs + TAIL_MS;
  }

  #open(atMs: number, toMs = Number.POSITIVE_INFINITY): void {
    const { preRollMs } = this.#options;
    const oldest = this.forgetsBefore();
    const kept = this.#windows.filter((window) => window.toMs > oldest - MINUTE_MS);
    this.#windows.splice(0, this.#windows.length, ...kept, { fromMs: atMs - preRollMs - LATE_MS, toMs });
  }

  /** While nobody can tell whether something moves, everything counts as if it did. */
  #lookAround(): void {
    const { watcher, clock, postRollMs } = this.#options;
    if (!watcher.blind) return;
    const now = clock.monotonic();
    const last = this.#windows.at(-1);
    if (last && last.toMs > now) last.toMs = Math.max(last.toMs, now + postRollMs);
    else this.#open(now, now + postRollMs);
  }
}
