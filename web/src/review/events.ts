import type { MotionSpan } from '../../../src/segment.js';
import { getDays } from '../api.js';
import type { Clip } from '../player/plan.js';
import { Facts } from '../timeline/facts.js';
import { addDays, utcDays, type Zone } from '../timeline/zone.js';
import { type Filter, isWanted } from './filter.js';

export interface MotionEvent extends MotionSpan {
  camera: string;
  /** The files it is in, by start. */
  clips: Clip[];
}

export const idOf = ({ camera, start }: Pick<MotionEvent, 'camera' | 'start'>) => `${camera} ${start}`;

/** So many days are read before somebody has to ask for more: an archive without motion is not read through. */
const DAYS_AT_ONCE = 7;
const ENOUGH = 24;

/** Reads motion out of the days of the archive, newest first, as far as it is asked for. */
export class EventReader {
  readonly #facts = new Facts();
  readonly #filter: Filter;
  readonly #zone: Zone;
  readonly #cameras: readonly string[];
  /** Days still to be read, newest first, with the cameras that have something in them. */
  #due: [day: string, cameras: string[]][] | undefined;
  readonly #told = new Set<string>();
  /** Days read so far. */
  daysRead = 0;

  constructor(cameras: readonly string[], filter: Filter, zone: Zone) {
    this.#cameras = filter.camera ? cameras.filter((camera) => camera === filter.camera) : cameras;
    this.#filter = filter;
    this.#zone = zone;
  }

  /** The next events, newest first. `isLast`: there are no older ones. */
  async more(signal: AbortSignal): Promise<{ events: MotionEvent[]; isLast: boolean }> {
    this.#due ??= await this.#days(signal);
    const events: MotionEvent[] = [];
    for (let read = 0; read < DAYS_AT_ONCE && events.length < ENOUGH && this.#due.length > 0; read++) {
      const [day, cameras] = this.#due.shift()!;
      events.push(...(await this.#read(day, cameras, signal)));
      this.daysRead++;
    }
    return { events, isLast: this.#due.length === 0 };
  }

  async #days(signal: AbortSignal): Promise<[string, string[]][]> {
    const byDay = new Map<string, string[]>();
    const lists = await Promise.all(this.#cameras.map((camera) => getDays(camera, signal)));
    for (const [index, days] of lists.entries()) {
      for (const day of days) byDay.set(day, [...(byDay.get(day) ?? []), this.#cameras[index]!]);
    }
    const wanted = this.#filter.day && this.#utcDaysOf(this.#filter.day);
    return [...byDay].filter(([day]) => !wanted || wanted.includes(day)).sort(([a], [b]) => (a < b ? 1 : -1));
  }

  #utcDaysOf(localDay: string): string[] {
    const { from, to } = this.#zone.bounds(localDay);
    return utcDays(from, to);
  }

  async #read(day: string, cameras: readonly string[], signal: AbortSignal): Promise<MotionEvent[]> {
    const from = Date.parse(`${day}T00:00:00Z`);
    const to = Date.parse(`${addDays(day, 1)}T00:00:00Z`);
    const found = await Promise.all(
      cameras.map(async (camera) => {
        await this.#facts.footage.load(camera, from, to, signal);
        return this.#facts.of(camera).motions.flatMap((motion) => this.#event(camera, motion, from));
      }),
    );
    return found.flat().sort((a, b) => b.start - a.start || (a.camera < b.camera ? -1 : 1));
  }

  /** Each once: one that went past midnight is in the files of both days. */
  #event(camera: string, motion: MotionSpan, from: number): MotionEvent[] {
    const id = idOf({ camera, ...motion });
    if (motion.end < from || this.#told.has(id) || !isWanted(this.#filter, this.#zone, motion)) return [];
    this.#told.add(id);
    const clips = this.#facts.of(camera).clips.filter((clip) => clip.end > motion.start && clip.start < motion.end);
    return [{ ...motion, camera, clips }];
  }
}
