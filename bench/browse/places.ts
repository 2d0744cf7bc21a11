import { systemClock } from '../../lib/clock.js';
import { DAY_MS, SEGMENT_MS } from '../../test/simulators/week.js';
import type { Hosts } from './hosts.js';

/**
 * Places in the fifth day of the week, never in the hour that is off, nor the ten minutes that are missing, and never twice in one file:
 * within a film that is there already, a jump costs less.
 */
export function soughtShares(random: () => number): () => number {
  let before = 0;
  return () => {
    let share = before;
    // A click hits a pixel, which is a minute and a half: the files beside it might be the same one.
    while (Math.abs(fileOf(share) - fileOf(before)) < 2) share = 0.15 + random() * 0.33;
    before = share;
    return share;
  };
}

/** The number within its day of the file at a share of the day. */
export function fileOf(share: number): number {
  return Math.floor((share * DAY_MS) / SEGMENT_MS);
}

/** What was left under way is not held against what comes: a film goes on filling its buffer after its first picture. */
export async function silence({ counts }: Pick<Hosts, 'counts'>): Promise<void> {
  const limit = performance.now() + 20_000;
  for (let before = -1; performance.now() < limit; await systemClock.sleep(400)) {
    const { bytes } = await counts();
    if (bytes === before) return;
    before = bytes;
  }
}
