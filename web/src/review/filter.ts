/** Which events of the archive are looked at: `/review?camera=&day=&from=&to=&score=`. No DOM here: unit-tested. */

import type { Zone } from '../timeline/zone.js';

export interface Filter {
  camera?: string;
  /** Local day; of all days, newest first, when absent. */
  day?: string;
  /** Local times of day, `HH:MM`; from 22:00 to 06:00 is a night. */
  from?: string;
  to?: string;
  /** 0 to 1. */
  score: number;
}

const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** Whatever cannot be read is left out. */
export function readFilter(params: URLSearchParams): Filter {
  const text = (name: string, form: RegExp) => form.exec(params.get(name) ?? '')?.[0];
  const percent = Number(params.get('score') ?? 0);
  return {
    camera: params.get('camera') ?? undefined,
    day: text('day', DAY),
    from: text('from', CLOCK),
    to: text('to', CLOCK),
    score: percent > 0 && percent <= 100 ? percent / 100 : 0,
  };
}

export function writeFilter({ camera, day, from, to, score }: Filter): string {
  const query = new URLSearchParams();
  const words = { camera, day, from, to, score: score > 0 ? String(Math.round(score * 100)) : undefined };
  for (const [name, value] of Object.entries(words)) if (value) query.set(name, value);
  return query.size > 0 ? `/review?${query.toString().replaceAll('%3A', ':')}` : '/review';
}

/** Whether an event is wanted. One without a score was not judged by whoever noticed it, and is not left out for that. */
export function isWanted(filter: Filter, zone: Zone, event: { start: number; score?: number }): boolean {
  if (filter.day && zone.dayOf(event.start) !== filter.day) return false;
  if (event.score !== undefined && event.score < filter.score) return false;
  const clock = zone.shortClock(event.start);
  const { from = '00:00', to } = filter;
  if (to === undefined) return clock >= from;
  return from <= to ? clock >= from && clock < to : clock >= from || clock < to;
}
