import type { Clock } from '../../lib/clock.js';
import type { Config } from '../config/schema.js';
import type { RateFrom } from '../config/units.js';

/** What may not be sent now, and why. */
export interface Closed {
  reason: string;
  /** Motion recordings go all the same. */
  exceptMotion: boolean;
}

/** Which interface the default route takes is asked this often at most. */
const LOOK_MS = 10_000;

/** The line to the outside, as its owner wants it used: how fast, at which times, and not at their expense. */
export class Line {
  readonly #settings: Config['upload'];
  readonly #minuteNow: () => number;
  readonly #clock: Clock;
  readonly #route: () => string | undefined;
  #seen: { at: number; name: string | undefined } | undefined;

  /** `route` names the interface of the default route. */
  constructor(settings: Config['upload'], timezone: string, clock: Clock, route: () => string | undefined) {
    this.#settings = settings;
    this.#clock = clock;
    this.#route = route;
    let format: Intl.DateTimeFormat | undefined;
    this.#minuteNow = () => {
      // Only where there is a timetable: time zones are 0.02 s of loading.
      format ??= new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit' });
      const [hours, minutes] = format.format(clock.now()).split(':');
      return (Number(hours) % 24) * 60 + Number(minutes);
    };
  }

  /** Bytes per second for everything together; `Infinity` without a cap. What is under way in a pause goes on as before it. */
  bytesPerSecond(): number {
    const limit = this.#limit((one) => one.limit !== 'pause');
    return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY;
  }

  /** Whether nothing new may be sent now. */
  closed(): Closed | undefined {
    const { metered, limit } = this.#settings;
    if (limit && this.#limit() === 'pause') {
      return { reason: 'the timetable says pause (upload.limit)', exceptMotion: false };
    }
    const name = metered && this.#interface();
    if (!metered || name === undefined || !metered.interfaces.includes(name)) return undefined;
    const exceptMotion = metered.send === 'motion';
    const what = exceptMotion ? 'only motion is sent' : 'nothing is sent';
    return { reason: `the line is metered (${name}): ${what} (upload.metered)`, exceptMotion };
  }

  #limit(counts: (one: RateFrom) => boolean = () => true): RateFrom['limit'] {
    const timetable = this.#settings.limit?.filter(counts) ?? [];
    if (timetable.length === 0) return 'off';
    const minute = this.#minuteNow();
    // Before the first entry of the day, yesterday's last one holds.
    return (timetable.findLast((one) => one.minute <= minute) ?? timetable.at(-1)!).limit;
  }

  #interface(): string | undefined {
    const now = this.#clock.monotonic();
    if (!this.#seen || now - this.#seen.at >= LOOK_MS) this.#seen = { at: now, name: this.#route() };
    return this.#seen.name;
  }
}
