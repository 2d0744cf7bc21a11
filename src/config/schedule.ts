import * as z from 'zod';

/** When a camera records what: a week of rules, in the site's time zone. */

export const RECORD_MODES = ['continuous', 'motion', 'off'] as const;
export type RecordMode = (typeof RECORD_MODES)[number];

/** `days` holds 0 (Monday) to 6; minutes are of the day, `to` beyond 1440 where the rule runs past midnight. */
export interface WeekRule {
  days: number[];
  from: number;
  to: number;
  mode: RecordMode;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

const ERROR =
  'write rules such as "mon-fri 07:00-19:00 motion; sat,sun off; continuous": days, times and continuous, motion or off; the first that fits counts';

/** `"mon-fri 07:00-19:00 motion; continuous"` → its rules, in order. */
export const schedule = z.string({ error: ERROR }).transform((text, context): WeekRule[] => {
  const written = text.split(';');
  const rules = written.map(weekRule);
  const found = rules.filter((rule) => typeof rule !== 'string');
  for (const [index, wrong] of rules.entries()) {
    if (typeof wrong !== 'string') continue;
    const message = `rule ${index + 1} (${JSON.stringify(written[index]!.trim())}): ${wrong}; ${ERROR}`;
    context.addIssue({ code: 'custom', message });
  }
  if (found.length < rules.length) return z.NEVER;
  const idle = idleRule(found);
  if (idle === undefined) return found;
  context.addIssue({ code: 'custom', message: idleError(written[idle]!.trim(), text) });
  return z.NEVER;
});

/** The first rule that has no minute of the week to itself: the ones before it fit at all of its times. */
function idleRule(rules: readonly WeekRule[]): number | undefined {
  const taken = new Uint8Array(WEEK_MINUTES);
  const found = rules.findIndex((rule) => !takeMinutes(rule, taken));
  return found < 0 ? undefined : found;
}

/** Whether any of the rule's minutes was free. */
function takeMinutes({ days, from, to }: WeekRule, taken: Uint8Array): boolean {
  let isOfUse = false;
  for (const day of days) {
    for (let minute = from; minute < to; minute++) {
      const at = (day * DAY_MINUTES + minute) % WEEK_MINUTES;
      isOfUse ||= taken[at] === 0;
      taken[at] = 1;
    }
  }
  return isOfUse;
}

function idleError(rule: string, text: string): string {
  const better = [rule, ...text.split(';').flatMap((one) => (one.trim() === rule ? [] : [one.trim()]))].join('; ');
  return `the rule "${rule}" can never count: the first that fits counts, and those before it fit at all of its times. Put it before them ("${better}"), or leave it out`;
}

/** A rule, or what is wrong with it. */
function weekRule(text: string): WeekRule | string {
  const words = text.trim().toLowerCase().split(/\s+/);
  if (words[0] === '') return 'it is empty, so leave out the ";" before it';
  const mode = RECORD_MODES.find((one) => one === words.at(-1));
  if (!mode) return 'it must end in continuous, motion or off';
  const times = words.length > 1 ? minutesOf(words.at(-2)!) : undefined;
  const named = words.slice(0, times ? -2 : -1);
  const wrong = named.find((word) => daysOf(word) === undefined);
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is neither days nor a time of day`;
  if (named.length > 1) return `its days belong together, as ${JSON.stringify(named.join(','))}`;
  const days = named[0] === undefined ? [0, 1, 2, 3, 4, 5, 6] : daysOf(named[0])!;
  return { days, ...(times ?? { from: 0, to: DAY_MINUTES }), mode };
}

/** `22:00-06:00` runs past midnight, into the day after. */
function minutesOf(text: string): { from: number; to: number } | undefined {
  const match = /^(\d\d?):(\d\d)-(\d\d?):(\d\d)$/.exec(text);
  if (!match) return undefined;
  const [h1, m1, h2, m2] = match.slice(1).map(Number) as [number, number, number, number];
  const [from, to] = [h1 * 60 + m1, h2 * 60 + m2];
  if (m1 > 59 || m2 > 59 || from >= DAY_MINUTES || to > DAY_MINUTES || from === to) return undefined;
  return { from, to: to > from ? to : to + DAY_MINUTES };
}

function daysOf(text: string): number[] | undefined {
  const groups = text.split(',').map((part) => {
    const [first, last = first, ...more] = part.split('-').map((name) => DAYS.indexOf(name));
    if (more.length > 0 || first! < 0 || last! < 0) return [];
    // `sat-mon` goes over the end of the week.
    const length = ((last! - first! + 7) % 7) + 1;
    return Array.from({ length }, (_, n) => (first! + n) % 7);
  });
  return groups.every((group) => group.length > 0) ? [...new Set(groups.flat())] : undefined;
}

interface Recording {
  mode?: RecordMode;
  schedule?: WeekRule[];
}

/** A camera that names a mode of its own and no schedule has that mode always, whatever the schedule of the site. */
export function scheduleFor(
  site: Recording & { mode: RecordMode },
  camera: Recording | undefined,
  timezone: string,
): Schedule {
  const isOwn = camera?.mode !== undefined && camera.schedule === undefined;
  const rules = isOwn ? undefined : (camera?.schedule ?? site.schedule);
  return new Schedule(rules, camera?.mode ?? site.mode, timezone);
}

/** What is to be recorded at any moment. */
export class Schedule {
  readonly #rules: readonly WeekRule[];
  readonly #otherwise: RecordMode;
  readonly #format: Intl.DateTimeFormat;
  /** The modes of minutes asked for lately: it is asked for each group of pictures. */
  readonly #known = new Map<number, RecordMode>();

  /** `otherwise` holds when no rule fits. */
  constructor(rules: readonly WeekRule[] | undefined, otherwise: RecordMode, timezone: string) {
    this.#rules = rules ?? [];
    this.#otherwise = otherwise;
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    this.#format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, ...parts });
  }

  /** Whether it is this at any time. */
  isEver(...modes: RecordMode[]): boolean {
    return [this.#otherwise, ...this.#rules.map(({ mode }) => mode)].some((mode) => modes.includes(mode));
  }

  /** Why it is off at a time when it is. */
  get offReason(): 'mode' | 'schedule' {
    return this.#rules.length > 0 ? 'schedule' : 'mode';
  }

  /** At a moment, UTC milliseconds. */
  modeAt(time: number): RecordMode {
    if (this.#rules.length === 0) return this.#otherwise;
    // Zones are whole minutes apart from UTC, and so are the rules' times.
    const minute = Math.floor(time / 60_000);
    const known = this.#known.get(minute);
    if (known) return known;
    const mode = this.#look(time);
    if (this.#known.size >= 8) this.#known.clear();
    this.#known.set(minute, mode);
    return mode;
  }

  /** How long it is off at a stretch in any week, at most; for ever is a week. */
  longestOffMs(): number {
    if (!this.isEver('off')) return 0;
    let [longest, length] = [0, 0];
    // Two weeks, because a stretch may go over the end of one.
    for (let minute = 0; minute < 2 * WEEK_MINUTES; minute++) {
      length = this.#modeOf(Math.floor(minute / DAY_MINUTES) % 7, minute % DAY_MINUTES) === 'off' ? length + 1 : 0;
      longest = Math.max(longest, length);
    }
    return Math.min(longest, WEEK_MINUTES) * 60_000;
  }

  #look(time: number): RecordMode {
    const parts = new Map(this.#format.formatToParts(time).map(({ type, value }) => [type, value]));
    const day = DAYS.indexOf(parts.get('weekday')!.toLowerCase());
    return this.#modeOf(day, Number(parts.get('hour')) * 60 + Number(parts.get('minute')));
  }

  #modeOf(day: number, minute: number): RecordMode {
    const fits = ({ days, from, to }: WeekRule) =>
      (days.includes(day) && minute >= from && minute < to) ||
      // Begun yesterday.
      (days.includes((day + 6) % 7) && minute + DAY_MINUTES < to);
    return this.#rules.find(fits)?.mode ?? this.#otherwise;
  }
}
