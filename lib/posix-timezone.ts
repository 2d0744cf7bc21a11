/**
 * Time zones as cameras keep them: a POSIX rule (`CET-1CEST,M3.5.0,M10.5.0/3`), where people name an IANA zone. Rules are
 * compared by what they do, because each camera writes the same one in its own way.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** Minutes east of UTC at a moment (UTC milliseconds). */
export type Offsets = (at: number) => number;

/** What an IANA zone does. A RangeError if there is no such zone. */
export function zoneOffsets(zone: string): Offsets {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
  return (at) => {
    const [, sign, hours, minutes = '0'] = /GMT([+-])(\d+)(?::(\d+))?/.exec(format.format(at)) ?? ['', '+', '0'];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  };
}

/** How many years a rule must hold to be called one. */
const YEARS = 5;

/** Whether two zones show the same time throughout the years from `year` on. */
export function isSameZone(a: Offsets, b: Offsets, year: number): boolean {
  const end = Date.UTC(year + YEARS, 0, 1);
  for (let week = Date.UTC(year, 0, 1); week < end; week += WEEK_MS) {
    if (a(week) !== b(week)) return false;
    // Only a week in which clocks change is worth looking at by the hour.
    if (a(week) === a(week + WEEK_MS) && b(week) === b(week + WEEK_MS)) continue;
    for (let at = week; at < week + WEEK_MS; at += HOUR_MS) if (a(at) !== b(at)) return false;
  }
  return true;
}

/** The day a rule means: the `week`th `weekday` of `month` (5: the last), at `minutes` of local time past its midnight. */
interface RuleDay {
  month: number;
  week: number;
  weekday: number;
  minutes: number;
}

interface Rule {
  standard: number;
  /** Undefined where the clocks never change. */
  summer?: { offset: number; from: RuleDay; to: RuleDay };
}

/**
 * The POSIX rule of an IANA zone in the years from `year` on; undefined for the few that follow none (Morocco stops its
 * summer time for Ramadan). Names hold letters only: not every camera knows the newer `<+03>`.
 */
export function posixRule(zone: string, year: number): string | undefined {
  const offsets = zoneOffsets(zone);
  const changes = Array.from({ length: YEARS }, (_, n) => changesOf(offsets, year + n));
  const standard = Math.min(offsets(Date.UTC(year, 0, 1)), offsets(Date.UTC(year, 6, 1)));
  const name = (offset: number, other: string) => abbreviation(zone, offsets, offset, year) ?? other;
  const text = `${name(standard, standard === 0 ? 'UTC' : 'STD')}${posixOffset(standard)}`;
  if (changes.every((one) => one.length === 0)) return text;
  if (changes.some((one) => one.length !== 2)) return undefined;
  const [from, to] = [true, false].map((begins) =>
    commonDay(changes.map((pair) => pair.find((change) => change.after > change.before === begins)!)),
  );
  if (!from || !to) return undefined;
  const summer = offsets(changes[0]!.find(({ after, before }) => after > before)!.at);
  const shift = summer - standard === 60 ? '' : posixOffset(summer);
  return `${text}${name(summer, 'DST')}${shift},${ruleText(from)},${ruleText(to)}`;
}

interface Change {
  at: number;
  before: number;
  after: number;
}

/** No zone changes its clocks twice in a week. */
function changesOf(offsets: Offsets, year: number): Change[] {
  const changes: Change[] = [];
  const end = Date.UTC(year + 1, 0, 1);
  for (let week = Date.UTC(year, 0, 1); week < end; week += WEEK_MS) {
    const before = offsets(week);
    let [low, high] = [week, Math.min(week + WEEK_MS, end)];
    if (before === offsets(high)) continue;
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
      if (offsets(middle) === before) low = middle;
      else high = middle;
    }
    changes.push({ at: high, before, after: offsets(high) });
  }
  return changes;
}

/** One rule for the same change of several years. Days may be counted from a day or two before, or from the day after. */
function commonDay(changes: readonly (Change | undefined)[]): RuleDay | undefined {
  if (changes.includes(undefined)) return undefined;
  for (const shift of [0, 1, -1, 2]) {
    const days = (changes as Change[]).map(({ at, before }) => {
      const local = at + before * MINUTE_MS;
      const midnight = Math.floor(local / DAY_MS) * DAY_MS - shift * DAY_MS;
      const date = new Date(midnight);
      const isLast = new Date(midnight + 7 * DAY_MS).getUTCMonth() !== date.getUTCMonth();
      const week = Math.ceil(date.getUTCDate() / 7);
      const day = { month: date.getUTCMonth() + 1, weekday: date.getUTCDay(), minutes: (local - midnight) / MINUTE_MS };
      return { ...day, weeks: isLast ? [week, 5] : [week] };
    });
    const [first] = days;
    const week = [1, 2, 3, 4, 5].findLast((n) => days.every(({ weeks }) => weeks.includes(n)));
    const alike = days.every((day) =>
      (['month', 'weekday', 'minutes'] as const).every((part) => day[part] === first![part]),
    );
    if (week !== undefined && alike)
      return { month: first!.month, week, weekday: first!.weekday, minutes: first!.minutes };
  }
  return undefined;
}

/** English has names for some zones in one country, and for others in another. */
function abbreviation(zone: string, offsets: Offsets, offset: number, year: number): string | undefined {
  const at = Array.from({ length: 12 }, (_, month) => Date.UTC(year, month, 15)).find(
    (time) => offsets(time) === offset,
  );
  for (const locale of ['en-US', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' }).formatToParts(at);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{3,5}$/.test(name)) return name;
  }
  return undefined;
}

/** POSIX counts west of Greenwich. */
function posixOffset(east: number): string {
  return clock(-east);
}

function clock(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : ''}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`;
}

function ruleText({ month, week, weekday, minutes }: RuleDay): string {
  return `M${month}.${week}.${weekday}${minutes === 120 ? '' : `/${clock(minutes)}`}`;
}

const NAME = '(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
const TIME = '[+-]?\\d{1,3}(?::\\d{2}){0,2}';
const DAY = `M\\d{1,2}\\.\\d\\.\\d(?:/${TIME})?`;
const RULE = new RegExp(`^${NAME}(${TIME})(?:(${NAME})(${TIME})?(?:,(${DAY}),(${DAY}))?)?$`);

/** What a POSIX rule does; undefined for a text that is none, or one with days counted by number, which cameras do not use. */
export function ruleOffsets(text: string): Offsets | undefined {
  const [whole, west, name, summerWest, from, to] = RULE.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const standard = -minutesOf(west!);
  if (name === undefined) return () => standard;
  const summer = summerOffset(standard, name, summerWest);
  // Without days, those of the United States are meant.
  const [begin, end] = [from ?? 'M3.2.0', to ?? 'M11.1.0'].map(dayOf);
  return (at) => offsetAt({ standard, summer: { offset: summer, from: begin!, to: end! } }, at);
}

/** Hikvision writes what summer time adds (`CST-1:00:00DST01:00:00`) where the offset from Greenwich belongs. */
function summerOffset(standard: number, name: string, west: string | undefined): number {
  if (west === undefined) return standard + 60;
  const written = -minutesOf(west);
  return name === 'DST' && written < standard ? standard - written : written;
}

function minutesOf(time: string): number {
  const [hours = '0', minutes = '0'] = time.replace(/^[+-]/, '').split(':');
  return (time.startsWith('-') ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function dayOf(text: string): RuleDay {
  const [, month, week, weekday, time] = /^M(\d+)\.(\d)\.(\d)(?:\/(.+))?$/.exec(text)!;
  return { month: Number(month), week: Number(week), weekday: Number(weekday), minutes: time ? minutesOf(time) : 120 };
}

function offsetAt({ standard, summer }: Rule, at: number): number {
  if (!summer) return standard;
  const year = new Date(at + standard * MINUTE_MS).getUTCFullYear();
  const begin = momentOf(summer.from, year) - standard * MINUTE_MS;
  const end = momentOf(summer.to, year) - summer.offset * MINUTE_MS;
  const inSummer = begin < end ? at >= begin && at < end : at >= begin || at < end;
  return inSummer ? summer.offset : standard;
}

/** Local time, as if it were UTC. */
function momentOf({ month, week, weekday, minutes }: RuleDay, year: number): number {
  const first = Date.UTC(year, month - 1, 1);
  const ahead = (weekday - new Date(first).getUTCDay() + 7) % 7;
  let day = first + (ahead + (week - 1) * 7) * DAY_MS;
  while (new Date(day).getUTCMonth() !== month - 1) day -= 7 * DAY_MS;
  return day + minutes * MINUTE_MS;
}
