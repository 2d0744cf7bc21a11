import { fitBrightness } from './brightness.js';
import { findShift } from './shake.js';

export interface BackgroundOptions {
  width: number;
  height: number;
  /** 1 for each pixel that is not looked at. */
  blind: Uint8Array;
  /** What a difference must be at least, in steps of brightness. */
  threshold: number;
}

/** Differences of so many times what is usual at a place are seen. */
const DEVIATIONS = 4;

/** Time in which the model follows what changes slowly, and in which it learns how restless a place is. */
const FOLLOW_MS = 8_000;
const UNREST_MS = 6_000;

/** Something new that keeps still for so long belongs to the place: a car that was parked. */
const ABSORB_MS = 12_000;

/** A picture in which so much differs shows another light, or another place: infrared that was switched, a lamp, a camera that was turned. */
const REPLACED = 0.45;

/** How much must differ before a shake is looked for. */
const SHAKEN = 0.008;
const SHAKE_MS = 5_000;

/**
 * What exceeds its bound twofold is worth ten times what just exceeds it: blocks that a coder has left behind lie just above, in large numbers.
 * Beyond threefold nothing becomes surer.
 */
const STRONGEST = 8;
const FAINTEST = 0.05;

/** Nothing looks like this. */
const NOTHING = -1_000;

/** Nobody is this restless; beyond it nothing would ever be seen there again. */
const MAX_UNREST = 24;

/**
 * What a place looks like when nothing moves, pixel by pixel, and how restless each is. What goes over all pixels takes plain numbers: given
 * objects, whose shapes differ by whether a value happens to be whole, it is never compiled for good and costs ten times as much.
 */
export class Background {
  /** How much each pixel of the last picture differs, in units of what is just seen there; 0 for less. */
  readonly strength: Float32Array;
  readonly #options: BackgroundOptions;
  readonly #known: Float32Array;
  readonly #unrest: Float32Array;
  readonly #different: Uint8Array;
  /** For how long a pixel that differs has looked as it does; 0 where it has changed since the last picture. */
  readonly sameMs: Float32Array;
  /** What it looks like. */
  readonly #candidate: Float32Array;
  #seenMs: number | undefined;
  #shakenMs = Number.NEGATIVE_INFINITY;

  constructor(options: BackgroundOptions) {
    const size = options.width * options.height;
    this.#options = options;
    this.strength = new Float32Array(size);
    this.#known = new Float32Array(size);
    this.#unrest = new Float32Array(size).fill(2);
    this.#different = new Uint8Array(size);
    this.#candidate = new Float32Array(size).fill(NOTHING);
    this.sameMs = new Float32Array(size);
  }

  /**
   * Compares a picture with what is known, and learns from it. Returns the share of pixels that differ; undefined where it was
   * so large that this is taken to be the place from now on, as the first picture is.
   */
  compare(picture: Uint8Array, ms: number): number | undefined {
    if (this.#seenMs === undefined) return this.#begin(picture, ms);
    const passedMs = Math.min(2_000, Math.max(0, ms - this.#seenMs));
    this.#seenMs = ms;
    const light = fitBrightness(this.#known, picture, this.#different);
    const { scale, offset } = light;
    let share = this.#differ(picture, scale, offset, 0, 0);
    if (share > SHAKEN) {
      const shift = findShift(this.#known, picture, this.#options.width, light);
      if (shift) {
        this.#shakenMs = ms;
        share = this.#differ(picture, scale, offset, shift.x, shift.y);
      }
    }
    if (share > REPLACED) return this.#begin(picture, ms);
    // A shaken picture teaches nothing but unrest.
    this.#learn(picture, scale, offset, passedMs, ms === this.#shakenMs);
    return share;
  }

  #begin(picture: Uint8Array, ms: number): undefined {
    this.#known.set(picture);
    this.#different.fill(0);
    this.sameMs.fill(0);
    this.#candidate.fill(NOTHING);
    this.strength.fill(0);
    this.#seenMs = ms;
  }

  #differ(picture: Uint8Array, scale: number, offset: number, shiftX: number, shiftY: number): number {
    const { width, threshold, blind } = this.#options;
    const [known, unrest, strength, different] = [this.#known, this.#unrest, this.strength, this.#different];
    const back = shiftY * width + shiftX;
    const edges = this.#seenMs! - this.#shakenMs < SHAKE_MS ? 0.7 : 0;
    strength.fill(0);
    let count = 0;
    // What a shift brought in from outside of the picture is unknown.
    const end = Math.min(picture.length, known.length - 1 + back);
    for (let i = Math.max(0, 1 + back); i < end; i++) {
      const from = i - back;
      if (blind[i] || (shiftX !== 0 && isOutside(i % width, shiftX, width))) continue;
      // Not by its sign, which nobody can foresee in noise: the processor could not either.
      const error = Math.abs(picture[i]! - scale * known[from]! - offset);
      let bound = threshold + DEVIATIONS * unrest[i]!;
      // A shift of a part of a pixel shows at edges, and nowhere else.
      if (edges > 0) bound += edges * steepness(known, from, width);
      if (error <= bound) {
        different[i] = 0;
        continue;
      }
      different[i] = 1;
      strength[i] = Math.min(STRONGEST, (error / bound) ** 2 - 1) + FAINTEST;
      count++;
    }
    return count / picture.length;
  }

  #learn(picture: Uint8Array, scale: number, offset: number, passedMs: number, shaken: boolean): void {
    const follow = shaken ? 0 : Math.min(1, passedMs / FOLLOW_MS);
    const rest = Math.min(1, passedMs / UNREST_MS);
    const [known, unrest, different] = [this.#known, this.#unrest, this.#different];
    const [candidate, sameMs] = [this.#candidate, this.sameMs];
    const unscale = 1 / scale;
    for (let i = 0; i < picture.length; i++) {
      const seen = (picture[i]! - offset) * unscale;
      const was = known[i]!;
      const size = Math.abs(seen - was);
      if (different[i] === 0) {
        unrest[i]! += (size - unrest[i]!) * rest;
        known[i] = was + (seen - was) * follow;
        sameMs[i] = 0;
        // Whoever comes by a second time looks as he did then, and is something new all the same.
        candidate[i] = NOTHING;
        continue;
      }
      // What comes and goes makes a place restless: leaves, rain. What crosses it once does so too, but not by much.
      unrest[i]! += (Math.min(MAX_UNREST, size) - unrest[i]!) * rest * 0.15;
      if (shaken) continue;
      const change = seen - candidate[i]!;
      const still = change < 8 && change > -8;
      candidate[i] = still ? candidate[i]! + change * 0.2 : seen;
      sameMs[i] = still ? sameMs[i]! + passedMs : 0;
      if (sameMs[i]! < ABSORB_MS) continue;
      known[i] = candidate[i]!;
      sameMs[i] = 0;
    }
  }
}

function isOutside(x: number, shift: number, width: number): boolean {
  return x - shift < 0 || x - shift >= width;
}

function steepness(known: Float32Array, at: number, width: number): number {
  const across = Math.abs(known[at + 1]! - known[at - 1]!);
  const down = Math.abs((known[at + width] ?? known[at]!) - (known[at - width] ?? known[at]!));
  return across > down ? across : down;
}
