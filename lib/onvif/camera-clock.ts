import { child, textAt, type XmlElement } from './xml.js';

/** What a camera says of its time. */
export interface CameraClock {
  /** Milliseconds since 1970, to the second, since that is what cameras tell; undefined if it tells no valid time. */
  utc: number | undefined;
  /** Its time minus ours, milliseconds; 0 if it tells none. */
  offsetMs: number;
  type: 'Manual' | 'NTP' | undefined;
  /** POSIX, as `CET-1CEST,M3.5.0,M10.5.0/3`, where the maker knows what that is. */
  timezone: string | undefined;
  daylight: boolean | undefined;
}

/** From `GetSystemDateAndTime`; `ours` is our time in the middle of asking. */
export function cameraClockOf(reply: XmlElement, ours: number): CameraClock {
  const time = child(reply, 'SystemDateAndTime');
  // Some clones tell local time alone. Their sign-in compares with the same clock, so that is what to follow.
  const utc = dateTimeOf(child(time, 'UTCDateTime')) ?? dateTimeOf(child(time, 'LocalDateTime'));
  const type = textAt(time, 'DateTimeType')?.toUpperCase();
  return {
    utc,
    offsetMs: utc === undefined ? 0 : Math.round(utc - ours),
    type: type === 'NTP' ? 'NTP' : type === 'MANUAL' ? 'Manual' : undefined,
    timezone: textAt(time, 'TimeZone', 'TZ'),
    daylight: booleanAt(time, 'DaylightSavings'),
  };
}

/** Year 0 and the like is what a camera tells before it knows the time. */
function dateTimeOf(element: XmlElement | undefined): number | undefined {
  const number = (...path: string[]) => Number(textAt(element, ...path) ?? Number.NaN);
  const [year, month, day] = [number('Date', 'Year'), number('Date', 'Month'), number('Date', 'Day')];
  const ms = Date.UTC(year, month - 1, day, number('Time', 'Hour'), number('Time', 'Minute'), number('Time', 'Second'));
  return year >= 1970 && month >= 1 && day >= 1 && Number.isFinite(ms) ? ms : undefined;
}

export function booleanAt(element: XmlElement | undefined, ...path: string[]): boolean | undefined {
  const text = textAt(element, ...path)?.toLowerCase();
  return text === undefined ? undefined : text === 'true' || text === '1';
}
