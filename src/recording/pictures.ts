import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { firstPicture } from '../../lib/ffmpeg/seal.js';
import { newestFragment } from '../../lib/mp4/fragments.js';

export interface Picture {
  jpeg: Buffer;
  /** UTC milliseconds. */
  at: number;
}

/** Where the newest picture of a camera is. */
export interface PictureSource {
  /** The folder of the run it is recording to now. */
  directory?: string;
  /** While nothing is kept: the newest keyframe in memory, as MP4. */
  newest?: () => Buffer | undefined;
}

/** A picture this fresh is not made again: several viewers cost no more than one. */
const FRESH_MS = 3_000;

/**
 * The newest picture of a camera, taken from the newest whole group of pictures of the file being recorded: no further
 * connection to the camera, and no work while nobody looks.
 */
export class Pictures {
  readonly #ffmpeg: string;
  readonly #clock: Clock;
  readonly #stateOf: (camera: string) => PictureSource | undefined;
  readonly #latest = new Map<string, { madeAt: number; picture: Promise<Picture | undefined> }>();

  constructor(ffmpeg: string, clock: Clock, stateOf: (camera: string) => PictureSource | undefined) {
    this.#ffmpeg = ffmpeg;
    this.#clock = clock;
    this.#stateOf = stateOf;
  }

  /** Undefined while the camera is not recording, or its first group of pictures is not whole. */
  latest(camera: string, signal: AbortSignal): Promise<Picture | undefined> {
    const known = this.#latest.get(camera);
    if (known && this.#clock.monotonic() - known.madeAt < FRESH_MS) return known.picture;
    const picture = this.#make(camera, signal);
    this.#latest.set(camera, { madeAt: this.#clock.monotonic(), picture });
    // A failed attempt is not worth remembering; its caller is told.
    picture.catch(() => this.#latest.delete(camera));
    return picture;
  }

  async #make(camera: string, signal: AbortSignal): Promise<Picture | undefined> {
    const { directory, newest } = this.#stateOf(camera) ?? {};
    const held = newest?.();
    if (held) return { jpeg: await firstPicture(this.#ffmpeg, held, signal), at: this.#clock.now() };
    if (!directory) return undefined;
    const files = (await readdir(directory)).filter((name) => name.endsWith('.mp4')).sort();
    for (const name of files.reverse()) {
      const media = await newestFragment(join(directory, name));
      if (media) return { jpeg: await firstPicture(this.#ffmpeg, media, signal), at: this.#clock.now() };
    }
    return undefined;
  }
}
