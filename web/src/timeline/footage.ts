import { signal } from '@preact/signals';
import type { LocatedEntry } from '../../../src/archive-source.js';
import { isMedia } from '../../../src/segment.js';
import { getDays, getEntries, getStorage } from '../api.js';
import { session } from '../session.js';
import type { KnownEntry } from './model.js';
import { addDays, utcDays } from './zone.js';

/** What is known so far about the footage of every camera, by UTC day. Nothing is forgotten while the page is open. */
export class Footage {
  /** Counts up whenever something changed: what draws the footage reads it. */
  readonly version = signal(0);
  readonly #days = new Map<string, Map<string, LocatedEntry[]>>();
  readonly #known = new Map<string, string[]>();
  /** Storage classes by key, and the days they were asked for. */
  readonly #frozen = new Map<string, string>();
  readonly #asked = new Set<string>();

  /** Loads, or loads anew, every UTC day the interval touches. */
  async load(camera: string, from: number, to: number, abort: AbortSignal): Promise<void> {
    await Promise.all(utcDays(from, to).map((day) => this.#loadDay(camera, day, abort)));
  }

  /** As {@link load}, but only what was never loaded. */
  async ensure(camera: string, from: number, to: number, abort: AbortSignal): Promise<void> {
    const missing = utcDays(from, to).filter((day) => !this.#days.get(camera)?.has(day));
    await Promise.all(missing.map((day) => this.#loadDay(camera, day, abort)));
  }

  /** UTC days that hold something, oldest first. */
  async days(camera: string, abort: AbortSignal): Promise<string[]> {
    const days = await getDays(camera, abort);
    this.#known.set(camera, days);
    this.version.value++;
    return days;
  }

  knownDays(camera: string): string[] {
    void this.version.value;
    return this.#known.get(camera) ?? [];
  }

  /** Loads the first day after the one of `time` that has something. False when there is none. */
  async loadAfter(camera: string, time: number, abort: AbortSignal): Promise<boolean> {
    const today = utcDays(time, time + 1)[0]!;
    const next = (await this.days(camera, abort)).find((day) => day > today);
    if (!next) return false;
    const from = Date.parse(`${next}T00:00:00Z`);
    await this.ensure(camera, from, Date.parse(`${addDays(next, 1)}T00:00:00Z`), abort);
    return true;
  }

  /** Everything known about a camera; an entry that touches two days comes once. */
  entries(camera: string): KnownEntry[] {
    void this.version.value;
    const unique = new Map<string, KnownEntry>();
    for (const entries of this.#days.get(camera)?.values() ?? []) {
      for (const entry of entries) {
        if (entry.type === 'clock') continue;
        const key = isMedia(entry) ? entry.key : `${entry.type} ${entry.start}`;
        const frozen = this.#frozen.get(key);
        unique.set(key, frozen ? { ...entry, frozen } : entry);
      }
    }
    return [...unique.values()];
  }

  /**
   * Learns which files of the days are frozen, once a day of a camera: it costs a listing of its own, and comes after what can
   * be drawn without.
   */
  async learnFrozen(camera: string, from: number, to: number, abort: AbortSignal): Promise<void> {
    if (!session.value?.capabilities.storage) return;
    for (const day of utcDays(from, to)) {
      const mark = `${camera} ${day}`;
      if (this.#asked.has(mark)) continue;
      this.#asked.add(mark);
      const { frozen } = await getStorage(camera, day, abort);
      for (const { key, storage } of frozen) this.#frozen.set(key, storage);
      if (frozen.length > 0) this.version.value++;
    }
  }

  async #loadDay(camera: string, day: string, abort: AbortSignal): Promise<void> {
    const { entries } = await getEntries(camera, day, abort);
    const days = this.#days.get(camera) ?? new Map<string, LocatedEntry[]>();
    this.#days.set(camera, days);
    days.set(day, entries);
    this.version.value++;
  }
}
