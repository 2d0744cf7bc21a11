import type { Clock } from '../../lib/clock.js';
import { whatThereIs } from '../../lib/nearest.js';
import type { ArchiveSource } from '../archive-source.js';
import { Refusal } from './refusal.js';

/** In a bucket the names cost a request, and a page asks for many days in a row. */
const FRESH_MS = 5_000;

/** The cameras of an archive, asked for at most every few seconds. */
export class KnownCameras {
  readonly #archive: ArchiveSource;
  readonly #clock: Clock;
  #asked: { at: number; names: Promise<string[]> } | undefined;

  constructor(archive: ArchiveSource, clock: Clock) {
    this.#archive = archive;
    this.#clock = clock;
  }

  names(): Promise<string[]> {
    const now = this.#clock.monotonic();
    if (this.#asked && now - this.#asked.at < FRESH_MS) return this.#asked.names;
    const asked = { at: now, names: this.#archive.cameras() };
    this.#asked = asked;
    // A failure is told to those who asked, and not remembered.
    asked.names.catch(() => {
      if (this.#asked === asked) this.#asked = undefined;
    });
    return asked.names;
  }

  /** Refuses a camera there is not. */
  async require(camera: string): Promise<void> {
    const names = await this.names();
    if (names.includes(camera)) return;
    throw new Refusal(404, 'unknown-camera', `There is no camera ${camera}.`, whatThereIs(camera, names));
  }
}
