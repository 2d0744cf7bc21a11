import { createHash } from 'node:crypto';
import PQueue from 'p-queue';
import { Failure } from '../../lib/errors.js';
import { spriteSheet } from '../../lib/ffmpeg/sprites.js';
import { FileCache } from '../../lib/file-cache.js';
import { keyframesAt } from '../../lib/mp4/stills.js';
import { SharedWork } from '../../lib/shared-work.js';
import type { ArchiveSource } from '../archive-source.js';
import type { MediaEntry } from '../segment.js';
import { readMedia } from './read-media.js';

/** How the small pictures of a segment are laid out. */
export interface SheetLayout {
  width: number;
  height: number;
  columns: number;
  count: number;
  stepMs: number;
}

export interface SpritesOptions {
  ffmpeg: string;
  /** Where sheets are kept; they can be made again. */
  folder: string;
  layout: (segment: MediaEntry) => SheetLayout;
}

/** A year of a camera at 20 kB for five minutes would be 2 GB; what somebody looks at in a week is less than this. */
const MOST_BYTES = 500_000_000;

/** Single pictures under way at once. */
const PICTURES_AT_ONCE = 4;

/**
 * Sheets of small pictures of segments, from their key frames alone, made when somebody asks; and single ones of them, which cost one
 * key frame, for whoever cannot wait for thirty. From far away a sheet takes two seconds.
 */
export class Sprites {
  readonly #options: SpritesOptions;
  readonly #cache: FileCache;
  /** Decoding must not take the processor from recording: one at a time. */
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #pictures = new PQueue({ concurrency: PICTURES_AT_ONCE });
  readonly #making = new Map<string, SharedWork<Buffer>>();

  constructor(options: SpritesOptions) {
    this.#options = options;
    this.#cache = new FileCache(options.folder, MOST_BYTES);
  }

  /** Given up when the last who waits for it aborts. Rejects with `unknown-key`, `frozen`, `media-unsupported` or `media-damaged`. */
  async sheet(archive: Pick<ArchiveSource, 'open'>, segment: MediaEntry, signal: AbortSignal): Promise<Buffer> {
    const name = sheetName(segment.key);
    const kept = await this.#cache.get(name);
    if (kept) return kept;
    return await this.#makingOf(name, archive, segment).wait(signal);
  }

  /**
   * One picture of the sheet of a segment, twice as wide. Never kept: it is quickly made again, and nothing of it is left when the
   * segment is erased. Rejects as `sheet` does, and with `unknown-picture`.
   */
  async picture(
    archive: Pick<ArchiveSource, 'open'>,
    segment: MediaEntry,
    index: number,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const { width, height, count, stepMs } = this.#options.layout(segment);
    if (index >= count) {
      throw new Failure(`There are ${count} pictures.`, { kind: 'permanent', code: 'unknown-picture' });
    }
    return await this.#pictures.add(async () => {
      const film = await keyframesAt(readMedia(archive, segment.key, signal), segment.bytes, [index * stepMs]);
      const layout = { width: width * 2, height: height * 2, columns: 1, count: 1 };
      return await this.#queue.add(() => spriteSheet(this.#options.ffmpeg, film, layout, signal), { priority: 1 });
    });
  }

  #makingOf(name: string, archive: Pick<ArchiveSource, 'open'>, segment: MediaEntry): SharedWork<Buffer> {
    const known = this.#making.get(name);
    if (known && !known.isGivenUp) return known;
    const making = new SharedWork((signal) => this.#make(archive, segment, signal));
    this.#making.set(name, making);
    void making.ended.then(() => {
      if (this.#making.get(name) === making) this.#making.delete(name);
    });
    return making;
  }

  /** Nothing of it is to be seen any more. */
  async forget(key: string): Promise<void> {
    await this.#cache.delete(sheetName(key));
  }

  async #make(archive: Pick<ArchiveSource, 'open'>, segment: MediaEntry, signal: AbortSignal): Promise<Buffer> {
    const layout = this.#options.layout(segment);
    const times = Array.from({ length: layout.count }, (_, index) => index * layout.stepMs);
    // It would take the line from those who wait for one picture, and mostly for one of the same segment.
    await this.#pictures.onIdle();
    // Fetching waits for the line, decoding for the processor: only the latter is queued.
    const film = await keyframesAt(readMedia(archive, segment.key, signal), segment.bytes, times);
    const sheet = await this.#queue.add(() => spriteSheet(this.#options.ffmpeg, film, layout, signal));
    await this.#cache.set(sheetName(segment.key), sheet);
    return sheet;
  }
}

/** Keys hold slashes, and those of other layouts anything at all. */
export function sheetName(key: string): string {
  return `${createHash('sha256').update(key).digest('hex')}.jpg`;
}
