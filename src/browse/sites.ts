import type { ArchiveSource, ByteRange, OpenMedia } from '../archive-source.js';
import { dayOf, type Entry, isMedia, type MediaEntry, parseMediaKey } from '../segment.js';
import { isPlainKey } from './input.js';
import { KnownCameras } from './known-cameras.js';
import type { WebOptions } from './options.js';
import { Refusal } from './refusal.js';

export interface SiteParts {
  name: string;
  archive: ArchiveSource;
  cameras: KnownCameras;
}

/** So many keys of other layouts are remembered; a day of a camera has some hundred. */
const MOST_TOLD = 100_000;

/** The sites that can be looked at, and which of their files. */
export class Sites {
  readonly names: readonly string[];
  readonly #sites: ReadonlyMap<string, SiteParts>;
  /** Keys that are none of our own layout, and the camera and day whose index told of them. */
  readonly #told = new Map<string, { camera: string; day: string }>();

  constructor({ site, archive, otherSites = new Map(), clock }: WebOptions) {
    const all: [string, ArchiveSource][] = [[site, archive], ...otherSites];
    this.#sites = new Map(
      all.map(([name, source]) => [name, { name, archive: source, cameras: new KnownCameras(source, clock) }]),
    );
    this.names = [...this.#sites.keys()];
  }

  /** Refuses a site there is not. */
  of(name: string | undefined): SiteParts {
    const found = this.#sites.get(name ?? this.names[0]!);
    if (found) return found;
    throw new Refusal(404, 'unknown-site', `There is no site ${name}.`, '/api/v1/session lists them.');
  }

  /** The site a media key belongs to; keys from before a site was renamed are the first's. */
  holding(key: string): SiteParts {
    return this.#sites.get(key.slice(0, key.indexOf('/'))) ?? this.of(undefined);
  }

  open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined> {
    return this.holding(key).archive.open(key, range);
  }

  foresee(key: string, seconds: number): void {
    this.holding(key).archive.foresee?.(key, seconds);
  }

  link(key: string): Promise<string | undefined> {
    return this.holding(key).archive.link?.(key) ?? Promise.resolve(undefined);
  }

  /** From now on these files may be asked for, whatever their names look like. */
  tell(camera: string, day: string, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!('key' in entry) || isPlainKey(entry.key)) continue;
      this.#told.delete(entry.key);
      this.#told.set(entry.key, { camera, day });
    }
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= MOST_TOLD) return;
      this.#told.delete(oldest);
    }
  }

  /** Whether a key is one of media: by its name, or because an index told of it. */
  isMedia(key: string): boolean {
    return isPlainKey(key) || this.#told.has(key);
  }

  /** What the index says of a segment. */
  async segment(key: string): Promise<MediaEntry | undefined> {
    const entry = await this.entry(key);
    return entry?.type === 'segment' ? entry : undefined;
  }

  /** What the index says of a file. */
  async entry(key: string): Promise<MediaEntry | undefined> {
    const parsed = isPlainKey(key) ? parseMediaKey(key) : undefined;
    const place = parsed ? { camera: parsed.camera, day: dayOf(parsed.start) } : this.#told.get(key);
    const entries = place ? await this.holding(key).archive.entries(place.camera, place.day) : [];
    return entries.filter(isMedia).find((entry) => entry.key === key);
  }
}
