import { Failure } from '../../lib/errors.js';
import { momentsAt, offsetAt } from '../../lib/zone.js';
import { duration } from '../config/units.js';

/**
 * A moment as people write it: `2026-05-03T14:30` or `2026-05-03 14:30` in `timezone`, `2026-05-03` for its midnight, the same with
 * `Z` or `+02:00` for what it says, `now`, or how long ago: `24h`. UTC ms. Throws a `Failure` `usage` that names the option.
 */
export function moment(option: string, text: string, timezone: string, now: number): number {
  if (text === 'now') return now;
  const ago = duration.safeParse(text);
  if (ago.success) return now - ago.data;
  const local = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  const time = local
    ? inZone(
        local.slice(1).map((part) => Number(part ?? 0)),
        timezone,
      )
    : absolute(text);
  if (Number.isFinite(time)) return time;
  throw new Failure(`${option} ${text} is not a moment`, {
    kind: 'permanent',
    code: 'usage',
    hint: 'Write 2026-05-03, "2026-05-03 14:30", 2026-05-03T12:30:00Z, or how long ago: 24h',
  });
}

function absolute(text: string): number {
  return /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** The first moment at which clocks of the zone show this; in the hour that is left out, the moment after it. */
function inZone([year, month, day, hour, minute, second]: number[], timezone: string): number {
  const wanted = Date.UTC(year!, month! - 1, day, hour, minute, second);
  const isDate = new Date(wanted).getUTCDate() === day && new Date(wanted).getUTCMonth() === month! - 1;
  if (!isDate) return Number.NaN;
  return momentsAt(wanted, timezone)[0]!;
}

/** `2026-05-03 14:30:05` in the zone. */
export function shown(time: number, timezone: string): string {
  const wall = new Date(time + offsetAt(time, timezone)).toISOString();
  return `${wall.slice(0, 10)} ${wall.slice(11, 19)}`;
}
