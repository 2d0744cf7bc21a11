import type { Clock } from '../../lib/clock.js';
import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../archive-source.js';
import { mediaEntry } from '../ledger/files.js';
import { gapEntry } from '../ledger/gaps.js';
import type { Ledger } from '../ledger/ledger.js';
import { dayOf } from '../segment.js';
import { openBelow } from './archive-path.js';
import { byStart, dayBounds, touches } from './day.js';
import { cutGaps } from './gap-cuts.js';
import { openMedia } from './open-media.js';

export interface LocalArchiveOptions {
  ledger: Ledger;
  /** Where files lie on this recorder, in the order they are looked for. */
  folders: readonly string[];
  clock: Clock;
}

const DAY = 86_400_000;

/** What this recorder has, or had, according to its ledger; media from its own disk. */
export class LocalArchive implements ArchiveSource {
  readonly #options: LocalArchiveOptions;

  constructor(options: LocalArchiveOptions) {
    this.#options = options;
  }

  async cameras(): Promise<string[]> {
    return this.#options.ledger.cameras();
  }

  async days(camera: string): Promise<string[]> {
    const { ledger, clock } = this.#options;
    const days = new Set(ledger.files.days(camera));
    for (const gap of ledger.gaps.between(camera, 0, Number.MAX_SAFE_INTEGER)) {
      const end = gap.end ?? clock.now();
      for (let day = Math.floor(gap.start / DAY); day * DAY < end; day++) days.add(day);
    }
    return [...days].sort((a, b) => a - b).map((day) => dayOf(day * DAY));
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
      if (handle) return await openMedia(handle, range);
    }
    return undefined;
  }
}
