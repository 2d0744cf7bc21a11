import { Readable } from 'node:stream';
import type { Clock } from '../../lib/clock.js';
import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../archive-source.js';
import { mediaEntry } from '../ledger/files.js';
import { gapEntry } from '../ledger/gaps.js';
import type { Ledger } from '../ledger/ledger.js';
import { openBelow } from './archive-path.js';
import { resolveRange } from './byte-range.js';
import { byStart, dayBounds, touches } from './day.js';
import { cutGaps } from './gap-cuts.js';

export interface LocalArchiveOptions {
  ledger: Ledger;
  /** Configured cameras: listed even before their first file. */
  cameras: readonly string[];
  /** Where files lie on this recorder, in the order they are looked for. */
  folders: readonly string[];
  clock: Clock;
}

/** What this recorder has, or had, according to its ledger; media from its own disk. */
export class LocalArchive implements ArchiveSource {
  readonly #options: LocalArchiveOptions;

  constructor(options: LocalArchiveOptions) {
    this.#options = options;
  }

  async cameras(): Promise<string[]> {
    return [...this.#options.cameras].sort();
  }

  async days(camera: string): Promise<string[]> {
    return this.#options.ledger.files.days(camera).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
  }

  async entries(camera: string, day: string): Promise<LocatedEntry[]> {
    const bounds = dayBounds(day);
    if (!bounds) return [];
    const { ledger, clock } = this.#options;
    const media = ledger.files
      .between(camera, bounds.start, bounds.end)
      .filter((file) => file.state !== 'lost')
      .map((file) => ({
        ...mediaEntry(file),
        local: file.state === 'ready',
        uploaded: file.verifiedAt !== undefined,
      }))
      .filter((entry) => touches(entry, bounds));
    const gaps = ledger.gaps.between(camera, bounds.start, bounds.end).map((gap) => gapEntry(gap, clock.now()));
    return [...media, ...cutGaps(gaps, media)].sort(byStart);
  }

  async open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined> {
    const file = this.#options.ledger.files.byKey(key);
    if (!file || file.kind === 'index') return undefined;
    for (const folder of this.#options.folders) {
      const handle = await openBelow(folder, file.name);
      if (!handle) continue;
      try {
        const { size: bytes } = await handle.stat();
        const delivered = resolveRange(bytes, range);
        if (bytes > 0) return { stream: handle.createReadStream(delivered), bytes, range: delivered };
        await handle.close();
        return { stream: Readable.from([]), bytes, range: delivered };
      } catch (error) {
        await handle.close();
        throw error;
      }
    }
    return undefined;
  }
}
