import { addDays } from './zone.js';

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** Where a key leads from `day` in a calendar, never beyond `today`; undefined for keys that lead nowhere. No DOM here: unit-tested. */
export function dayBeside(day: string, key: string, today: string): string | undefined {
  const step = STEPS[key];
  const next = step === undefined ? undefined : addDays(day, step);
  return next !== undefined && next <= today ? next : undefined;
}
