import { type Entry, isPromised } from '../../segment.js';
import { account } from '../timeline.js';
import type { Finding } from './findings.js';

/** Longer than any file may be (config), with room for what a clock was off. */
const KEPT_MS = 2 * 86_400_000;

/**
 * Each moment from the first to the last an archive tells of is footage, off, or a gap (invariant I4). Days are added in order;
 * those in which nothing is told count too. What others delivered is footage, and promises nothing of the time around it. Only the last
 * days' entries are kept.
 */
export class ToldTime {
  #recent: Entry[] = [];
  #from: number | undefined;
  readonly #holes: { start: number; end: number }[] = [];

  add(day: readonly Entry[]): void {
    const told = day.filter((entry) => entry.type !== 'snapshot' && entry.end > entry.start);
    if (told.length === 0) return;
    this.#recent.push(...told);
    const promised = told.filter(isPromised);
    if (promised.length === 0) return;
    const last = Math.max(...this.#recent.flatMap((entry) => (entry.type === 'clock' ? [] : entry.end)));
    this.#judge(Math.max(...promised.map((entry) => entry.start)));
    this.#recent = this.#recent.filter((entry) => entry.end > last - KEPT_MS || entry.type === 'clock');
  }

  /** `until` is the start of the newest entry: whatever else there is of the time before it is known. */
  #judge(until: number): void {
    const start = this.#from ?? Math.min(...this.#recent.filter(isPromised).map((entry) => entry.start));
    if (until <= start) return;
    this.#holes.push(...account(this.#recent, { start, end: until }).unaccounted);
    this.#from = until;
  }

  findings(where: string, camera: string): Finding[] {
    return this.#holes.map(({ start, end }) => {
      const [from, to] = [new Date(start).toISOString(), new Date(end).toISOString()];
      return {
        kind: 'unaccounted',
        where,
        camera,
        message: `${camera}: ${from} to ${to} is neither footage, nor off, nor a gap`,
      };
    });
  }
}
