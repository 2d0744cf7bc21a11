import type { Clock } from '../clock.js';
import type { MotionKind, MotionSignal } from './topics.js';

/** Motion began or ended. */
export interface MotionChange {
  /** UTC milliseconds by our clock. */
  at: number;
  kind: MotionKind;
  /** Which picture or contact, as the camera names it; empty if it does not. */
  source: string;
  active: boolean;
}

export interface MotionStatesOptions {
  /** A camera's motion ends this long after its last word, unless it is known to tell the end. */
  holdOffMs: number;
}

/** A moment by both clocks: the wall's for the change, the monotonic one for the hold-off. */
export interface Moment {
  wall: number;
  monotonic: number;
}

export function moment(clock: Clock): Moment {
  return { wall: clock.now(), monotonic: clock.monotonic() };
}

/** A camera known to tell ends is asked after this long all the same: the word of the end may have been lost. */
const PATIENCE_MS = 5 * 60_000;

/** One that has never told an end may say for this long that something still moves, when asked; then it is no longer believed. */
const BELIEVED_MS = 5 * 60_000;

/** One camera has a handful. A hostile one may name thousands; those beyond share one. */
const MAX_ORIGINS = 64;
const OTHERS = { source: '', origin: '' };

const NEW = {
  ...{ active: false, beganAt: -1, lastWordAt: 0 },
  ...{ isAsked: false, tellsEnd: false, isStuck: false, isUnsure: false },
};

/** What one rule of the camera says. Times are monotonic. */
interface Origin {
  kind: MotionKind;
  source: string;
  active: boolean;
  beganAt: number;
  lastWordAt: number;
  /** It was asked whether it still is so, and has not answered since. */
  isAsked: boolean;
  /** It has ended something by itself before, so its next end is waited for. */
  tellsEnd: boolean;
  /** Asked, it says yes for ever. */
  isStuck: boolean;
  /** The subscription broke since its last word: whatever it would have told is lost. */
  isUnsure: boolean;
}

/**
 * Turns what a camera says into beginnings and ends, strictly by turns for each kind and source, whatever it repeats,
 * leaves out or says twice through different rules.
 *
 * Some cameras never say that motion ended (home-assistant/core#90916), so an end is made up `holdOffMs` after the last word.
 * To do so to a camera that does tell would cut long motion short. Therefore the camera is asked for its present state before
 * that ({@link nextQuestion}), and whoever told one end is waited for from then on: for five minutes, when it is asked too.
 * After a broken subscription nobody is trusted until it has spoken again.
 */
export class MotionStates {
  readonly #holdOffMs: number;
  readonly #origins = new Map<string, Origin>();
  /** The last change of each kind and source, so that an end is never before its beginning. */
  readonly #last = new Map<string, MotionChange>();

  constructor({ holdOffMs }: MotionStatesOptions) {
    this.#holdOffMs = holdOffMs;
  }

  /** Takes in what the camera said; `at` is when it happened, which may be a little before `now`. */
  observe(signal: MotionSignal, now: Moment, at = now.wall): MotionChange[] {
    const { active, initial } = signal;
    const origin = this.#originOf(signal);
    if (active && initial && this.#isStuck(origin, now.monotonic)) return [];
    // A present state is no proof: those that never end anything still say "false" to whoever has just subscribed.
    if (!active && !initial && origin.beganAt >= 0) Object.assign(origin, { tellsEnd: true, isStuck: false });
    if (active && !origin.active) origin.beganAt = now.monotonic;
    Object.assign(origin, { active, lastWordAt: now.monotonic, isAsked: false, isUnsure: false });
    return this.#settle(origin, at);
  }

  /** The subscription broke: what the camera tells meanwhile is lost, so the hold-off of whoever is trusted begins now. */
  lose(monotonic: number): void {
    for (const origin of this.#active().filter(({ tellsEnd, isUnsure }) => tellsEnd && !isUnsure)) {
      Object.assign(origin, { isUnsure: true, lastWordAt: monotonic });
    }
  }

  /** Ends what has gone on for too long without a word. */
  expire(now: Moment): MotionChange[] {
    const over = this.#active().filter((origin) => this.#endsAt(origin) <= now.monotonic);
    return over.flatMap((origin) => {
      origin.active = false;
      return this.#settle(origin, now.wall);
    });
  }

  /** The monotonic moment at which {@link expire} has something to do. */
  nextExpiry(): number | undefined {
    const ends = this.#active().map((origin) => this.#endsAt(origin));
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  /** The monotonic moment at which the camera should be asked for its present state, because something seems to go on. */
  nextQuestion(): number | undefined {
    const unasked = this.#active().filter(({ isAsked, isStuck }) => !isAsked && !isStuck);
    const dues = unasked.map(
      ({ lastWordAt, tellsEnd }) => lastWordAt + (tellsEnd ? PATIENCE_MS : this.#holdOffMs * 0.6),
    );
    return dues.length > 0 ? Math.min(...dues) : undefined;
  }

  /** It was asked. Who does not answer is not asked again. */
  asked(): void {
    for (const origin of this.#active()) origin.isAsked = true;
  }

  #active(): Origin[] {
    return [...this.#origins.values()].filter(({ active }) => active);
  }

  #isStuck(origin: Origin, now: number): boolean {
    const { active, tellsEnd, beganAt } = origin;
    if (active && !tellsEnd && now - beganAt > BELIEVED_MS) origin.isStuck = true;
    return origin.isStuck;
  }

  #endsAt({ lastWordAt, tellsEnd, isUnsure }: Origin): number {
    return lastWordAt + this.#holdOffMs + (tellsEnd && !isUnsure ? PATIENCE_MS : 0);
  }

  #originOf({ kind, source, origin }: Pick<MotionSignal, 'kind' | 'source' | 'origin'>): Origin {
    const own = JSON.stringify([kind, source, origin]);
    const known = this.#origins.get(own);
    if (known) return known;
    if (origin !== '' && this.#origins.size >= MAX_ORIGINS) return this.#originOf({ ...OTHERS, kind });
    const fresh = { ...NEW, kind, source };
    this.#origins.set(own, fresh);
    return fresh;
  }

  /** A kind and source is active while any of its rules says so. */
  #settle({ kind, source }: Origin, at: number): MotionChange[] {
    const key = JSON.stringify([kind, source]);
    const last = this.#last.get(key);
    const active = this.#active().some((one) => one.kind === kind && one.source === source);
    if (active === (last?.active ?? false)) return [];
    const change = { at: Math.max(at, last?.at ?? at), kind, source, active };
    this.#last.set(key, change);
    return [change];
  }
}
