import { createHash } from 'node:crypto';

/** A picture we have, and when it was by our clock. */
export interface KnownPicture {
  hash: string;
  at: number;
}

/** What is recorded on either side of a gap, as far as it is on this disk. */
export interface Borders {
  start: number;
  end: number;
  /** The last keyframe before the gap. */
  before?: KnownPicture;
  /** The first picture after it. */
  after?: KnownPicture;
}

/** So far from where it is expected a picture may be that is taken for the same: a picture of a still scene may come again. */
const SEARCHED_MS = 3_000;

/** How exact times are that two files have of one moment. */
const EXACT_MS = 20;

/** So much longer the picture is waited for that comes first after the gap, where the camera is known to have the same ones. */
const PATIENCE_MS = 500;

/** A border that is missed by less is none: how long a last picture lasts is an estimate. */
const JOIN_MS = 100;

export function hashOf(picture: Uint8Array): string {
  return createHash('sha256').update(picture).digest('base64');
}

/**
 * Puts what a camera recorded between what we have. Its clock is known to a tenth of a second at best, and that is several pictures.
 * But it mostly records the very pictures that it sends: those on either side of the gap are found again, and then each picture's
 * place is known exactly. Where they are not, its clock has to do.
 */
export class Alignment {
  /** Whether the pictures beside the gap were found again. */
  readonly found = { before: false, after: false };
  readonly #borders: Borders;
  /** The camera's clock minus ours. */
  #offsetMs: number;
  #begun = false;
  /** When the first picture was recorded that is no more of the gap, by the camera's clock. */
  #overMs: number | undefined;

  constructor(borders: Borders, offsetMs: number) {
    this.#borders = borders;
    this.#offsetMs = offsetMs;
  }

  timeOf(recordedMs: number): number {
    return recordedMs - this.#offsetMs;
  }

  /** Whether a picture belongs into the gap. They come in their order, and what is taken begins with a keyframe. */
  judge({ key, recordedMs, data }: { key: boolean; recordedMs: number; data: Uint8Array }): 'before' | 'take' | 'over' {
    const { before, after, start, end } = this.#borders;
    if (key && !this.#begun && !this.found.before && this.#is(before, recordedMs, data)) {
      this.found.before = true;
      this.#offsetMs = recordedMs - before!.at;
    }
    if (key && this.#is(after, recordedMs, data)) {
      this.found.after = true;
      this.#overMs = recordedMs;
      return 'over';
    }
    const at = this.timeOf(recordedMs);
    const patienceMs = this.found.before && after ? PATIENCE_MS : 0;
    if (at >= end - EXACT_MS + patienceMs) {
      this.#overMs = recordedMs;
      return 'over';
    }
    if (!this.#begun && (!key || at < start - EXACT_MS)) return 'before';
    this.#begun = true;
    return 'take';
  }

  /** The time of a file by our clock, within the gap: what is known of its borders is better than what adds up. */
  place(startMs: number, endMs: number): { start: number; end: number } {
    const { start, end } = this.#borders;
    const [from, to] = [this.timeOf(startMs), this.timeOf(endMs)];
    // Of several files, the one that ends where the gap does.
    const isLast = this.#overMs !== undefined && Math.abs(endMs - this.#overMs) < 1;
    const meets = isLast && (this.found.after || Math.abs(to - end) < JOIN_MS);
    return {
      start: Math.round(Math.abs(from - start) < JOIN_MS ? start : Math.max(from, start)),
      end: Math.round(meets ? end : Math.min(to, end)),
    };
  }

  #is(known: KnownPicture | undefined, recordedMs: number, data: Uint8Array): boolean {
    if (!known || Math.abs(this.timeOf(recordedMs) - known.at) > SEARCHED_MS) return false;
    return hashOf(data) === known.hash;
  }
}
