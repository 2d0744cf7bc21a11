import type { Clock } from '../../lib/clock.js';
import type { ArchiveSource } from '../archive-source.js';
import { latestPicture } from './latest-picture.js';

/** Pages ask every few seconds, and nothing new comes from a camera that does not record. */
const FRESH_MS = 60_000;

type Picture = Awaited<ReturnType<typeof latestPicture>>;

/** The newest pictures an archive holds, looked up at most once a minute for each camera. */
export class LastKnownPictures {
  readonly #archive: ArchiveSource;
  readonly #clock: Clock;
  readonly #asked = new Map<string, { at: number; picture: Promise<Picture> }>();

  constructor(archive: ArchiveSource, clock: Clock) {
    this.#archive = archive;
    this.#clock = clock;
  }

  of(camera: string): Promise<Picture> {
    const known = this.#asked.get(camera);
    const now = this.#clock.monotonic();
    if (known && now - known.at < FRESH_MS) return known.picture;
    const picture = latestPicture(this.#archive, camera, this.#clock.now());
    this.#asked.set(camera, { at: now, picture });
    // A failure is told to those who asked, and not remembered.
    picture.catch(() => this.#asked.delete(camera));
    return picture;
  }
}
