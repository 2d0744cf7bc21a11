import { Background } from './background.js';
import { Haunts } from './haunts.js';
import { findRegions } from './regions.js';
import { Tracks } from './tracks.js';
import { blindPixels, type Zone } from './zones.js';

export interface DetectorOptions {
  /** Of the pictures looked at, which are far smaller than the camera's. */
  width: number;
  height: number;
  zones?: readonly Zone[];
  /** 1 to 100; 50 suits most places. */
  sensitivity?: number;
  /** What covers less of the picture is passed over; a share of its area. Default 0. */
  minArea?: number;
  /** What moves for less is passed over. Default 200 ms. */
  minDurationMs?: number;
}

/** What one picture showed. */
export interface Sight {
  /** Something differs: more pictures are worth a look. */
  stirs: boolean;
  /** What moves, if anything does. */
  moving?: Movement;
}

export interface Movement {
  /** 0 to 1: how sure it is. */
  score: number;
  /** Where, as shares of the picture: left, top, width, height. */
  region: readonly [left: number, top: number, width: number, height: number];
}

const SENSITIVITY = 50;
const MIN_DURATION_MS = 200;

/** At a sensitivity of 50: steps of brightness, and what a region must amount to. */
const THRESHOLD = 5;
const MIN_MASS = 6;

/** After the light changed as a whole, exposure and colours settle. */
const SETTLE_MS = 1_500;

/** Evidence at which the score comes to two thirds: twice what is needed. */
const SURE = 250;

/** Whether something moves, from a few small grey pictures a second. Only their own times count. */
export class MotionDetector {
  readonly #options: DetectorOptions;
  readonly #background: Background;
  readonly #tracks: Tracks;
  readonly #haunts: Haunts;
  readonly #minMass: number;
  #settledMs = Number.NEGATIVE_INFINITY;

  constructor(options: DetectorOptions) {
    const { width, height, zones = [], sensitivity = SENSITIVITY, minArea = 0 } = options;
    this.#options = options;
    // Each 25 steps halve, or double, what must be seen.
    const factor = 2 ** ((SENSITIVITY - sensitivity) / 25);
    this.#minMass = MIN_MASS * factor;
    const blind = blindPixels(zones, width, height);
    this.#background = new Background({ width, height, blind, threshold: THRESHOLD * factor });
    this.#haunts = new Haunts(width, height);
    this.#tracks = new Tracks({
      minMass: this.#minMass,
      minPixels: Math.max(2, minArea * width * height),
      minDurationMs: options.minDurationMs ?? MIN_DURATION_MS,
    });
  }

  /** Takes the next picture: one byte of brightness for each pixel. */
  look(picture: Uint8Array, ms: number): Sight {
    const { width, height } = this.#options;
    const share = this.#background.compare(picture, ms);
    if (share === undefined) {
      this.#settledMs = ms + SETTLE_MS;
      this.#tracks.clear();
      return { stirs: false };
    }
    if (ms < this.#settledMs) return { stirs: true };
    const all = share === 0 ? [] : findRegions(this.#background.strength, this.#background.sameMs, width, 1);
    const regions = all.filter((region) => !this.#haunts.cover(region, ms));
    const found = this.#tracks.follow(regions, ms);
    for (const box of this.#tracks.haunted) this.#haunts.add(box, ms);
    const stirs = this.#tracks.following || regions.some(({ mass }) => mass >= this.#minMass);
    if (!found) return { stirs };
    const { left, top, right, bottom } = found.region;
    const region = [left / width, top / height, (right + 1 - left) / width, (bottom + 1 - top) / height] as const;
    return { stirs, moving: { score: 1 - Math.exp(-found.evidence / SURE), region } };
  }
}
