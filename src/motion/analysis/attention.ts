import type { Movement, Sight } from '../../../lib/motion-analysis/detector.js';
import type { SizeVerdict } from '../../../lib/motion-analysis/picture-sizes.js';

/** What to do with the pictures held. */
export interface Attentiveness {
  /** Decode all of them, the keyframe alone if it has not been yet, or nothing. */
  decode: 'all' | 'key' | 'nothing';
  /** What was seen to move before, and is taken to go on in this picture though it is not looked at. */
  goesOn: Movement | undefined;
}

/** So long everything is decoded after the last sign that something may move. */
const AWAKE_MS = 1_500;

/** What was seen to move is taken to go on while the sizes stir, and for so long after. */
const TRUST_MS = 800;

/** … where keyframes, which can contradict, are no further apart than this. */
const CONTRADICTED_MS = 3_000;

/** A keyframe is decoded at least this often: light and shadows change where nothing moves. */
const REFRESH_MS = 6_000;

/**
 * Decides which pictures are worth decoding, which is what watching costs. While all is calm some keyframes are, so that what is known of the
 * place stays fresh. Everything is while the sizes stir, or tell nothing, until something is seen to move. From then on, sizes that
 * stir tell that it goes on, and keyframes that it has not left.
 */
export class Attention {
  /** Something differs in the pictures, so what they weigh is not what they usually do. */
  #stirs = false;
  #awakeUntilMs = Number.NEGATIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #keyMs = Number.NEGATIVE_INFINITY;
  /** From the keyframe before to the newest. */
  #groupMs = Number.POSITIVE_INFINITY;
  /** They did not long ago, and it meant something. */
  #sizesStir = false;
  #wantsKey = true;
  /** What was seen to move last; absent once it is not taken to go on. */
  #seen: Movement | undefined;
  #trustUntilMs = Number.NEGATIVE_INFINITY;

  /** Whether nothing is known to differ. */
  get isCalm(): boolean {
    return !this.#stirs;
  }

  /** Whether something may have begun to move: the next picture can be the one that tells. Until then, several at once are cheaper. */
  get isUrgent(): boolean {
    return this.#stirs || this.#sizesStir;
  }

  /** The next picture, and what its size says. */
  picture(mediaMs: number, key: boolean, verdict: SizeVerdict): Attentiveness {
    if (key) this.#key(mediaMs, verdict.doubtful);
    const goesOn = this.#isTrusted(mediaMs, verdict) ? this.#seen : undefined;
    if (!goesOn && (verdict.stirs || verdict.blind)) this.#stayAwake(mediaMs);
    this.#sizesStir = !verdict.blind && mediaMs <= this.#awakeUntilMs;
    if (!goesOn && mediaMs <= this.#awakeUntilMs) return { decode: 'all', goesOn: undefined };
    return { decode: this.#wantsKey || goesOn ? 'key' : 'nothing', goesOn: verdict.stirs ? goesOn : undefined };
  }

  /** What a decoded picture showed. */
  looked({ stirs, moving }: Sight, mediaMs: number): void {
    this.#stirs = stirs;
    this.#lookedMs = mediaMs;
    // Also of what is trusted: what stands still is looked at again soon, since its sizes do not stir.
    if (stirs) this.#stayAwake(mediaMs);
    if (moving) this.#see(moving, mediaMs);
    else if (!stirs) this.#distrust();
  }

  /** Taken to go on from now, not only from the next keyframe on, where that will come soon. */
  #see(moving: Movement, mediaMs: number): void {
    const isNew = !this.#seen;
    this.#seen = moving;
    if (!isNew || this.#groupMs > CONTRADICTED_MS) return;
    this.#trustUntilMs = mediaMs + TRUST_MS;
  }

  #key(mediaMs: number, doubtful: boolean): void {
    if (this.#seen && mediaMs - this.#keyMs <= CONTRADICTED_MS) this.#trustUntilMs = mediaMs + TRUST_MS;
    this.#groupMs = mediaMs - this.#keyMs;
    this.#keyMs = mediaMs;
    this.#wantsKey = doubtful || this.#stirs || mediaMs - this.#lookedMs >= REFRESH_MS;
  }

  #isTrusted(mediaMs: number, { stirs, blind }: SizeVerdict): boolean {
    if (!blind && mediaMs <= this.#trustUntilMs && mediaMs - this.#keyMs <= CONTRADICTED_MS) {
      if (stirs) this.#trustUntilMs = mediaMs + TRUST_MS;
      return true;
    }
    if (this.#trustUntilMs > Number.NEGATIVE_INFINITY) this.#distrust();
    return false;
  }

  #distrust(): void {
    this.#seen = undefined;
    this.#trustUntilMs = Number.NEGATIVE_INFINITY;
  }

  #stayAwake(mediaMs: number): void {
    this.#awakeUntilMs = Math.max(this.#awakeUntilMs, mediaMs + AWAKE_MS);
  }
}
