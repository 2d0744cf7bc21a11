import { signal } from '@preact/signals';
import type { LocatedEntry } from '../../../src/archive-source.js';
import { isMedia } from '../../../src/segment.js';
import { getCalendar, getEntries, getNearestDays, getStorage } from '../api.js';
import { session } from '../session.js';
import type { KnownEntry } from './model.js';
import { addDays, utcDays } from './zone.js';

/** What is known so far about the footage of every camera, by UTC day. Nothing is forgotten while the page is open. */
export class Footage {
  /** Counts up whenever something changed: what draws the footage reads it. */
  readonly version = signal(0);
  readonly #days = new Map<string, Map<string, LocatedEntry[]>>();
  /** Days that hold something, by camera and month. */
  readonly #months = new Map<string, string[]>();
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

  /** The newest UTC day that holds something; undefined where none does. */
  async newestDay(camera: string, abort: AbortSignal): Promise<string | undefined> {
    return (await getNearestDays({ camera, limit: 1 }, abort))[0]?.day;
  }

  /** Learns which UTC days of a month (`YYYY-MM`) hold something. */
  async learnMonth(camera: string, month: string, abort: AbortSignal): Promise<void> {
    this.#months.set(`${camera} ${month}`, await getCalendar(camera, month, abort));
    this.version.value++;
  }

  /** Whether a UTC day holds something, as far as its month was learnt. */
  isMarked(camera: string, day: string): boolean {
    void this.version.value;
    return this.#months.get(`${camera} ${day.slice(0, 7)}`)?.includes(day) ?? false;
  }

  /** Loads the first day after the one of `time` that has something. False when there is none. */
  async loadAfter(camera: string, time: number, abort: AbortSignal): Promise<boolean> {
    const tomorrow = addDays(utcDays(time, time + 1)[0]!, 1);
    const [next] = await getNearestDays({ camera, from: tomorrow, limit: 1 }, abort);
    if (!next) return false;
    const from = Date.parse(`${next.day}T00:00:00Z`);
    await this.ensure(camera, from, Date.parse(`${addDays(next.day, 1)}T00:00:00Z`), abort);
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
