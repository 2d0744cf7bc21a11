import type { Clock } from '../clock.js';
import type { OnvifConnection } from './connection.js';

/** How often it is asked, and how far apart: the second must turn in between. */
const ASKED = 10;
const APART_MS = 110;

/** A camera's clock minus ours, milliseconds, and how far from that it may be at most. */
export interface ClockOffset {
  offsetMs: number;
  errorMs: number;
}

/**
 * Reads a camera's clock more exactly than it tells it. It tells whole seconds; each answer says of the offset that it lies
 * within one second and the time the answer took. Asked several times within more than a second, what they all allow is a tenth
 * of that. Undefined where the camera tells no time. Rejects as `OnvifConnection.clock` does.
 */
export async function clockOffset(
  connection: OnvifConnection,
  clock: Clock,
  signal: AbortSignal,
): Promise<ClockOffset | undefined> {
  let [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let time = 0; time < ASKED && !signal.aborted; time++) {
    const before = clock.now();
    const { utc } = await connection.clock({ signal });
    const after = clock.now();
    if (utc === undefined) return undefined;
    least = Math.max(least, utc - after);
    most = Math.min(most, utc + 1_000 - before);
    await clock.sleep(APART_MS, signal);
  }
  // A clock that was set meanwhile, on either side: what is left contradicts itself.
  const errorMs = most > least ? (most - least) / 2 : 1_000;
  return { offsetMs: (least + most) / 2, errorMs };
}
