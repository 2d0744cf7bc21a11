/** Local times of IANA zones. */

const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes a hundred times as long as using it. */
function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: timezone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(timezone, format);
  }
  return format;
}

/** How far ahead of UTC the zone is at a moment, ms. */
export function offsetAt(time: number, timezone: string): number {
  const parts = formatOf(timezone).formatToParts(time);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second);
  return shown - Math.floor(time / 1_000) * 1_000;
}

/**
 * The moments at which clocks of the zone show this wall time (given as if it were UTC, ms): two in the hour that is repeated in
 * autumn, by time; in the hour that is left out in spring the one after it.
 */
export function momentsAt(wall: number, timezone: string): number[] {
  const offsets = [wall - DAY_MS, wall + DAY_MS].map((time) => offsetAt(time, timezone));
  const candidates = [...new Set(offsets.map((offset) => wall - offset))].sort((a, b) => a - b);
  const exact = candidates.filter((time) => time + offsetAt(time, timezone) === wall);
  return exact.length > 0 ? exact : candidates.slice(-1);
}
