import { isName } from '../segment.js';
import type { PlaceOptions } from './archive-place.js';
import { usage } from './format.js';
import { moment } from './moments.js';

export interface SpanOptions extends PlaceOptions {
  camera?: string;
  from?: string;
  to?: string;
}

export interface Span {
  camera: string;
  /** UTC ms; `end` is exclusive. */
  start: number;
  end: number;
}

/** The camera and time a command is about. Throws a `Failure` `usage`. */
export function spanOf({ camera, from, to }: SpanOptions, timezone: string, now: number): Span {
  if (camera === undefined || from === undefined || to === undefined) {
    throw usage('Which footage?', 'Write --camera NAME --from MOMENT --to MOMENT');
  }
  requireName(camera);
  const span = { camera, start: moment('--from', from, timezone, now), end: moment('--to', to, timezone, now) };
  if (span.end > span.start) return span;
  throw usage(`--to ${to} is not after --from ${from}`, 'The span ends after it begins.');
}

/** As {@link spanOf}, where what is meant can be told from less: a day alone is that day, any other beginning lasts until now. */
export function openSpanOf(options: SpanOptions, timezone: string, now: number): Span {
  const { camera, from, to } = options;
  if (camera === undefined) throw usage('Of which camera?', 'Write --camera NAME; `nvr-uplink ls` lists them.');
  if (from === undefined) throw usage('From when on?', 'Write --from MOMENT as well');
  if (to !== undefined) return spanOf(options, timezone, now);
  if (!/^\d{4}-\d\d-\d\d$/.test(from)) return spanOf({ ...options, to: 'now' }, timezone, now);
  requireName(camera);
  return { camera, start: moment('--from', from, timezone, now), end: moment('--from', dayAfter(from), timezone, now) };
}

function requireName(camera: string): void {
  if (!isName(camera)) throw usage(`--camera ${camera} is not a camera's name`, '`nvr-uplink ls` lists them.');
}

/** What is no day stays as it is, for whoever reads it to say so. */
function dayAfter(day: string): string {
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isFinite(time) ? new Date(time + 86_400_000).toISOString().slice(0, 10) : day;
}
