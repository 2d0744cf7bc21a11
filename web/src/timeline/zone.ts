/**
 * Local time of the site. Footage is filed under UTC days; people ask for local ones, which have 23 or 25 hours twice
 * a year. No DOM here: unit-tested.
 */

const HOUR = 3_600_000;

export class Zone {
  readonly name: string;
  readonly #parts: Intl.DateTimeFormat;
  readonly #title: Intl.DateTimeFormat;

  /** An unknown zone name becomes UTC: a page in the wrong zone that says so is better than no page. */
  constructor(name: string) {
    this.name = known(name) ? name : 'UTC';
    this.#parts = new Intl.DateTimeFormat('en-GB', {
      timeZone: this.name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    this.#title = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'UTC',
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
    });
  }

  /** Milliseconds local time is ahead of UTC at `time`. */
  offsetAt(time: number): number {
    const part: Record<string, number> = {};
    for (const { type, value } of this.#parts.formatToParts(time)) part[type] = Number(value);
    const local = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
    return local - Math.floor(time / 1000) * 1000;
  }

  /** `YYYY-MM-DD` of the local day. */
  dayOf(time: number): string {
    return new Date(time + this.offsetAt(time)).toISOString().slice(0, 10);
  }

  /** `HH:MM:SS`, local. */
  clock(time: number): string {
    return new Date(time + this.offsetAt(time)).toISOString().slice(11, 19);
  }

  /** `HH:MM`, local. */
  shortClock(time: number): string {
    return this.clock(time).slice(0, 5);
  }

  /** `Fri, 20 Nov 2026`. */
  dayTitle(day: string): string {
    return this.#title.format(Date.parse(`${day}T00:00:00Z`));
  }

  /** The UTC time of a local wall-clock time. The first of the two in a repeated hour; after the jump in a skipped one. */
  at(day: string, clock = '00:00:00'): number {
    const wall = Date.parse(`${day}T${clock.length === 5 ? `${clock}:00` : clock}Z`);
    const candidates = [wall - 24 * HOUR, wall, wall + 24 * HOUR].map((near) => wall - this.offsetAt(near));
    const exact = candidates.filter((time) => time + this.offsetAt(time) === wall);
    return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
  }

  /** First and one past the last millisecond of the local day. */
  bounds(day: string): { from: number; to: number } {
    return { from: this.at(day), to: this.at(addDays(day, 1)) };
  }

  /** Local times within the interval that are whole multiples of `stepMs`, which divides a day. */
  ticks(from: number, to: number, stepMs: number): number[] {
    const ticks: number[] = [];
    // Offsets change on the hour or the half hour at most, so no stride crosses a change unseen.
    const stride = Math.min(stepMs, HOUR / 2);
    const first = Math.ceil((from + this.offsetAt(from)) / stride) * stride - this.offsetAt(from);
    for (let time = first; time <= to; time += stride) {
      const sinceMidnight = (time + this.offsetAt(time)) % (24 * HOUR);
      if (sinceMidnight % stepMs === 0) ticks.push(time);
    }
    return ticks;
  }
}

function known(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    // Intl has no other way to say that it does not know a zone.
    return false;
  }
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 24 * HOUR).toISOString().slice(0, 10);
}

/** The UTC days (`YYYY-MM-DD`) an interval touches, oldest first. */
export function utcDays(from: number, to: number): string[] {
  const days: string[] = [];
  for (
    let day = new Date(from).toISOString().slice(0, 10);
    Date.parse(`${day}T00:00:00Z`) < to;
    day = addDays(day, 1)
  ) {
    days.push(day);
  }
  return days;
}
