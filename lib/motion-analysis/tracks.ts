import { type Box, Dwelling } from './haunts.js';
import type { Region } from './regions.js';

export interface TrackOptions {
  /** What a region must amount to, to be looked at. */
  minMass: number;
  /** In pixels; smaller ones are passed over. */
  minPixels: number;
  /** How long something must have been followed to be believed. */
  minDurationMs: number;
}

/** Something that was followed from picture to picture. */
interface Track {
  region: Region;
  first: Region;
  firstMs: number;
  lastMs: number;
  hits: number;
  /** Each time it was seen adds to it, the more the larger it was. */
  evidence: number;
  /** How far any edge of it, or its middle, has come from where it began; pixels. */
  travelled: number;
  confirmed: boolean;
  /** In how many looks much of it looked otherwise than before. */
  changes: number;
  dwelling: Dwelling;
}

/** A track that was not seen for so long has ended. */
const LOST_MS = 900;

/** However large it is, what was seen twice might still be a flash. */
const LARGEST = 60;

/** Evidence needed where nothing but what moves is ever seen. */
const NEEDED = 120;
/** … and by how much more for each region a picture has that nothing comes of: more of them go on by chance. */
const CLUTTER = 0.3;

/** What is seen now and there again, as edges before a camera that sways, adds up to nothing. */
const FORGET_MS = 1_000;

/** What each pixel of something that moves is worth at least, on average. */
const CLEAR = 2;

/** In so many looks after the first, so much of something must look new to be believed: what appears in one look and then stays is a digit. */
const LEAST_CHANGES = 2;
const CHANGED = 0.15;

/** How far something must come: less is what sways in its place. */
const MIN_TRAVEL = 0.9;

/** Follows regions from picture to picture. What moves goes on from where it was; rain and noise are here now and there then. */
export class Tracks {
  readonly #options: TrackOptions;
  #tracks: Track[] = [];
  /** Where, as it turned out with the last picture, something keeps to its place and changes. */
  haunted: Box[] = [];
  /** How many regions are seen in a picture that nothing comes of, on average. */
  #clutter = 0;

  constructor(options: TrackOptions) {
    this.#options = options;
  }

  /** Takes the regions of a picture; returns the strongest thing that moves in it. */
  follow(regions: readonly Region[], ms: number): { region: Region; evidence: number } | undefined {
    const { minMass, minPixels } = this.#options;
    const seen = regions.filter(({ mass, pixels }) => mass >= minMass && pixels >= minPixels);
    this.#tracks = this.#tracks.filter(({ lastMs }) => ms - lastMs <= LOST_MS);
    const taken = new Set<Track>();
    this.haunted = [];
    let fresh = 0;
    for (const region of seen.sort((a, b) => b.mass - a.mass)) {
      const track = this.#tracks.find((one) => !taken.has(one) && continues(one.region, region));
      if (track) this.#extend(track, region, ms);
      else fresh++;
      taken.add(track ?? this.#open(region, ms));
    }
    this.#clutter += (fresh - this.#clutter) * 0.05;
    const moving = [...taken].filter((track) => this.#isMoving(track, ms)).sort((a, b) => b.evidence - a.evidence)[0];
    return moving && { region: moving.region, evidence: moving.evidence };
  }

  /** Whether anything is being followed, be it believed or not. */
  get following(): boolean {
    return this.#tracks.some(({ hits }) => hits > 1);
  }

  clear(): void {
    this.#tracks = [];
  }

  #open(region: Region, ms: number): Track {
    const track: Track = {
      ...{ region, first: region, firstMs: ms, lastMs: ms, hits: 1, travelled: 0, confirmed: false, changes: 0 },
      evidence: this.#worth(region),
      dwelling: new Dwelling(region, ms),
    };
    this.#tracks.push(track);
    return track;
  }

  #extend(track: Track, region: Region, ms: number): void {
    track.evidence *= Math.exp((track.lastMs - ms) / FORGET_MS);
    track.region = region;
    track.lastMs = ms;
    track.hits++;
    track.evidence += this.#worth(region);
    if (region.changed >= region.pixels * CHANGED) track.changes++;
    const haunt = track.dwelling.stay(region, region.changed > 0, ms);
    if (haunt) this.haunted.push(haunt);
    track.travelled = Math.max(track.travelled, distance(track.first, region));
  }

  /** What differs faintly all over is worth less than what differs clearly: blocks that the coder left behind. */
  #worth({ mass, pixels }: Region): number {
    return Math.min(LARGEST, mass * Math.min(1, mass / pixels / CLEAR) ** 2);
  }

  #isMoving(track: Track, ms: number): boolean {
    const lasted = ms - track.firstMs >= this.#options.minDurationMs && track.hits >= 3;
    const changed = track.changes >= LEAST_CHANGES;
    const needed = NEEDED * (1 + CLUTTER * this.#clutter);
    if (!track.confirmed && lasted && changed && track.evidence >= needed && track.travelled >= MIN_TRAVEL)
      track.confirmed = true;
    return track.confirmed;
  }
}

/** Whether one region may be the other a moment later: it overlaps with it, or with where that could have got to. */
function continues(before: Region, after: Region): boolean {
  const reach = 3;
  return (
    after.left <= before.right + reach &&
    after.right >= before.left - reach &&
    after.top <= before.bottom + reach &&
    after.bottom >= before.top - reach
  );
}

function distance(first: Region, now: Region): number {
  return Math.max(
    Math.hypot(now.x - first.x, now.y - first.y),
    Math.abs(now.left - first.left),
    Math.abs(now.right - first.right),
  );
}
