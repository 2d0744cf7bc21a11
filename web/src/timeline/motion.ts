import { getNearestDays } from '../api.js';
import { motionBeside } from './model.js';
import type { Timeline } from './timeline.js';
import { addDays, utcDays, type Zone } from './zone.js';

/** A cold archive is not read through for the want of an event. */
const DAYS_AT_MOST = 14;

/** A little before the event, so that one sees it come. */
const LEAD_MS = 2000;

/** Shows the event before or after the moment on screen, of the selected camera; looks through days with footage. */
export async function goToMotion(timeline: Timeline, by: 1 | -1): Promise<void> {
  // A key pressed early: without the day's list, no answer would be true.
  await timeline.settled();
  const camera = timeline.camera.peek();
  const from = timeline.aim;
  if (from === undefined) return;
  const inSight = motionBeside(timeline.facts.of(camera).motions, from + LEAD_MS, by);
  const day = timeline.viewport.day.peek()!;
  const found = inSight ?? (await search(timeline, camera, from, await daysFrom(timeline, camera, day, by), by));
  if (found) timeline.seek(Math.max(found.start - LEAD_MS, 0));
  else timeline.tell(by > 0 ? 'No motion is known after this.' : 'No motion is known before this.');
}

/** Local days of the camera's footage on that side, nearest first. */
async function daysFrom({ zone, abort }: Timeline, camera: string, day: string, by: 1 | -1): Promise<string[]> {
  const { from, to } = zone.bounds(day);
  const utc = utcDays(from, to);
  const way = by > 0 ? { from: utc.at(-1)! } : { to: utc[0]! };
  const near = await getNearestDays({ camera, ...way, limit: DAYS_AT_MOST + 1 }, abort);
  const days = new Set(near.flatMap((one) => localDays(zone, one.day)));
  const beyond = [...days].filter((one) => (by > 0 ? one > day : one < day)).sort();
  return (by > 0 ? beyond : beyond.reverse()).slice(0, DAYS_AT_MOST);
}

function localDays(zone: Zone, utcDay: string): string[] {
  const [start, end] = [utcDay, addDays(utcDay, 1)].map((day) => Date.parse(`${day}T00:00:00Z`));
  return [zone.dayOf(start!), zone.dayOf(end! - 1)];
}

async function search(timeline: Timeline, camera: string, time: number, days: readonly string[], by: 1 | -1) {
  for (const day of days) {
    const { from, to } = timeline.zone.bounds(day);
    await timeline.facts.footage.ensure(camera, from, to, timeline.abort);
    const found = motionBeside(timeline.facts.of(camera).motions, time + LEAD_MS, by);
    if (found) return found;
  }
  return undefined;
}
