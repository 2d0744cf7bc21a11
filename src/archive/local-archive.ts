import type { Clock } from '../../lib/clock.js';
import { openBelow } from '../../lib/objects/below.js';
import { openRange } from '../../lib/objects/open-range.js';
import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../archive-source.js';
import { clockEntry } from '../ledger/clock-steps.js';
import { mediaEntry } from '../ledger/files.js';
import { gapEntry } from '../ledger/gaps.js';
import type { Ledger } from '../ledger/ledger.js';
import { offEntry } from '../ledger/offs.js';
import { dayOf } from '../segment.js';
import { byStart, dayBounds, periodsOf, touches } from './day.js';
import { cutAbsences } from './gap-cuts.js';

export interface LocalArchiveOptions {
  ledger: Ledger;
  /** Where files lie on this recorder, in the order they are looked for. */
  folders: readonly string[];
  clock: Clock;
  /** Whether the recorder runs: what lasts is known to last, then. */
  isRunning: boolean;
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

  async days(camera: string, month = ''): Promise<string[]> {
    const { ledger, clock } = this.#options;
    const days = new Set(ledger.files.days(camera));
    const ever = [camera, 0, Number.MAX_SAFE_INTEGER] as const;
    for (const { start, end = clock.now() } of [...ledger.gaps.between(...ever), ...ledger.offs.between(...ever)]) {
      for (let day = Math.floor(start / DAY); day * DAY < end; day++) days.add(day);
    }
    const names = [...days].sort((a, b) => a - b).map((day) => dayOf(day * DAY));
    return names.filter((day) => day.startsWith(month));
  }

  async periods(camera: string, year?: string): Promise<string[]> {
    return periodsOf(await this.days(camera), year);
  }

  async entries(camera: string, day: string): Promise<LocatedEntry[]> {
    const bounds = dayBounds(day);
    if (!bounds) return [];
    const { ledger, clock, isRunning } = this.#options;
    const media = ledger.files
      .between(camera, bounds.start, bounds.end)
      .filter((file) => file.state !== 'lost')
      .map((file) => ({
        ...mediaEntry(file),
        motion: ledger.motion.within(file),
        local: file.state === 'ready',
        uploaded: file.verifiedAt !== undefined,
      }))
      .filter((entry) => touches(entry, bounds));
    const gaps = ledger.gaps
      .told(camera, bounds.start, bounds.end, isRunning)
      .map((gap) => gapEntry(gap, clock.now()))
      .filter((entry) => touches(entry, bounds));
    const off = ledger.offs.between(camera, bounds.start, bounds.end).map(offEntry);
    const steps = ledger.clockSteps.between(camera, bounds.start, bounds.end).map(clockEntry);
    return [...media, ...cutAbsences([...off, ...gaps], media), ...steps].sort(byStart);
  }

  async open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined> {
    const file = this.#options.ledger.files.byKey(key);
    if (!file || file.kind === 'index') return undefined;
    for (const folder of this.#options.folders) {
      const handle = await openBelow(folder, file.name);
      if (handle) return await openRange(handle, range);
    }
    return undefined;
  }
}
