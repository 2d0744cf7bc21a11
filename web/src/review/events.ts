import type { NearestDaysReply } from '../../../src/browse/api.js';
import type { MotionSpan } from '../../../src/segment.js';
import { getNearestDays } from '../api.js';
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
  /** Days still to be read, newest first, with the cameras that have something in them. */
  #due: NearestDaysReply['days'] = [];
  /** The last day that was asked about; undefined before any was. */
  #asked: string | undefined;
  #isAllKnown: boolean;
  readonly #told = new Set<string>();
  /** Days read so far. */
  daysRead = 0;

  constructor(cameras: readonly string[], filter: Filter, zone: Zone) {
    this.#isAllKnown = filter.camera !== undefined && !cameras.includes(filter.camera);
    this.#filter = filter;
    this.#zone = zone;
  }

  /** The next events, newest first. `isLast`: there are no older ones. */
  async more(signal: AbortSignal): Promise<{ events: MotionEvent[]; isLast: boolean }> {
    const events: MotionEvent[] = [];
    for (let read = 0; read < DAYS_AT_ONCE && events.length < ENOUGH; read++) {
      await this.#ask(signal);
      const next = this.#due.shift();
      if (!next) break;
      events.push(...(await this.#read(next.day, next.cameras, signal)));
      this.daysRead++;
    }
    await this.#ask(signal);
    return { events, isLast: this.#due.length === 0 };
  }

  /** Which days there are, as far as is needed: in an archive of years, only the newest. */
  async #ask(signal: AbortSignal): Promise<void> {
    if (this.#due.length > 0 || this.#isAllKnown) return;
    const wanted = this.#filter.day && this.#utcDaysOf(this.#filter.day);
    const to = this.#asked === undefined ? wanted && wanted.at(-1) : addDays(this.#asked, -1);
    const limit = wanted ? wanted.length : DAYS_AT_ONCE;
    const days = await getNearestDays({ camera: this.#filter.camera, to, limit }, signal);
    this.#isAllKnown = wanted !== undefined || days.length < limit;
    this.#asked = days.at(-1)?.day;
    this.#due = wanted ? days.filter(({ day }) => wanted.includes(day)) : days;
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
