import { Beat } from '../../lib/beat.js';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Motion } from '../ledger/motion.js';
import type { MotionChange, MotionSource } from './motion-source.js';

export interface MotionWatchOptions {
  camera: string;
  sources: readonly MotionSource[];
  /** What moves again within this is one span. */
  holdMs: number;
  /** Whether anybody needs to know at present; while not, no source is asked. */
  wanted?(): boolean;
  ledger: { motion: Motion };
  clock: Clock;
  /** At which `wanted` is asked; shared by all cameras, or of its own where it is left out. */
  beat?: Beat;
  log: Log;
}

/** Something began to move before the camera, whoever noticed, or nothing does any more. UTC milliseconds. */
export interface MotionNotice {
  active: boolean;
  at: number;
}

/** One kind of motion, of one source, as the ledger holds it. */
interface OpenSpan {
  id: number | undefined;
  active: boolean;
  end: number;
  score: number | undefined;
}

/** Joins all that notices motion before one camera: spans in the ledger, and word to whoever follows. */
export class MotionWatch implements Service {
  readonly name: string;
  readonly camera: string;
  readonly #options: MotionWatchOptions;
  readonly #listeners = new Set<(notice: MotionNotice) => void>();
  readonly #spans = new Map<string, OpenSpan>();
  readonly #beat: Beat;
  #running = false;
  #since: number | undefined;
  #lastEnd: number | undefined;

  constructor(options: MotionWatchOptions) {
    this.camera = options.camera;
    this.name = `motion ${options.camera}`;
    this.#options = options;
    this.#beat = options.beat ?? new Beat(options.clock);
  }

  /** Since when something has been moving; undefined if nothing does. */
  get movingSince(): number | undefined {
    return this.#since;
  }

  /**
   * Nobody can tell whether something moves: what was to notice it does not work. A source that others have to speak up to
   * proves nothing by its silence, so it counts only where there is no other: then it sees as long as the way to us is open.
   */
  get blind(): boolean {
    const { sources } = this.#options;
    const own = sources.filter(({ name }) => name !== 'external');
    if (own.length === 0) return sources.length > 0 && !sources.some(({ health }) => health.working);
    return !(this.#running && own.some(({ health }) => health.working));
  }

  get state() {
    const { sources, ledger, camera } = this.#options;
    const last = ledger.motion.latest(camera);
    return {
      moving: this.#since !== undefined,
      since: this.#since,
      lastAt: this.#since ?? this.#lastEnd ?? last?.end ?? last?.start,
      sources: sources.map(({ name, health }) => ({
        name,
        working: this.#running && health.working,
        reason: health.reason,
      })),
    };
  }

  /** From now on `listener` is told of each beginning and end. Returns how to end that. */
  follow(listener: (notice: MotionNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { wanted = () => true } = this.#options;
    while (!signal.aborted) {
      if (wanted()) await this.#watch(signal, wanted);
      await this.#beat.until(wanted, signal);
    }
  }

  async #watch(signal: AbortSignal, wanted: () => boolean): Promise<void> {
    const { sources } = this.#options;
    const stop = new AbortController();
    const until = AbortSignal.any([signal, stop.signal]);
    this.#running = true;
    const following = Promise.all(sources.map((source) => this.#follow(source, until)));
    await this.#beat.until(() => !wanted(), signal);
    stop.abort();
    await following;
    this.#running = false;
  }

  async #follow(source: MotionSource, signal: AbortSignal): Promise<void> {
    const moving = new Map<string, MotionChange>();
    for await (const change of source.changes(signal)) {
      const key = JSON.stringify([source.name, change.source, change.kind]);
      if (change.active) moving.set(key, change);
      else moving.delete(key);
      this.#changed(key, source.name, change);
    }
    // Nobody watches any more: what still moved is over as far as anybody knows.
    const now = this.#options.clock.now();
    for (const [key, change] of moving) this.#changed(key, source.name, { ...change, active: false, at: now });
  }

  #changed(key: string, name: string, change: MotionChange): void {
    const { camera, log } = this.#options;
    try {
      this.#note(key, change.source ? `${name}/${change.source}` : name, change);
    } catch (error) {
      // Whoever follows is told all the same: a full disk is no reason not to record.
      log.error({ camera, error: messageOf(error) }, 'motion could not be noted');
    }
    const span = this.#spans.get(key);
    if (span) span.active = change.active;
    this.#settle(change.at);
  }

  /** Writes the span down. One that goes on within the hold is the same one. */
  #note(key: string, source: string, { at, kind, active, score }: MotionChange): void {
    const { camera, ledger, holdMs } = this.#options;
    const span = this.#spans.get(key) ?? {
      id: undefined,
      active: false,
      end: Number.NEGATIVE_INFINITY,
      score: undefined,
    };
    this.#spans.set(key, span);
    if (!active) {
      Object.assign(span, { end: at, score: best(span.score, score) });
      if (span.id !== undefined) ledger.motion.end(span.id, at, span.score);
    } else if (span.id !== undefined && at - span.end <= holdMs) {
      span.score = best(span.score, score);
      ledger.motion.resume(span.id);
    } else {
      span.id = undefined;
      span.score = score;
      span.id = ledger.motion.begin({ camera, source, kind, start: at, score });
    }
  }

  #settle(at: number): void {
    const active = [...this.#spans.values()].some((span) => span.active);
    if (active === (this.#since !== undefined)) return;
    this.#since = active ? at : undefined;
    if (!active) this.#lastEnd = at;
    for (const listener of this.#listeners) listener({ active, at });
  }
}

function best(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}
