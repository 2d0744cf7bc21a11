import type { Clock } from '../../../lib/clock.js';
import { Failure } from '../../../lib/errors.js';
import type { OnvifConnection } from '../../../lib/onvif/connection.js';
import { PullPoint } from '../../../lib/onvif/pull-point.js';
import { type MotionKind, motionSignals } from '../../../lib/onvif/topics.js';
import type { MotionFacts } from './facts.js';

const PULL_MS = 2_000;

/** Subscribes for a while and notes what comes: what the camera says of the present, and what begins. Always unsubscribes. */
export async function watchMotion(
  connection: OnvifConnection,
  { seconds, clock, signal }: { seconds: number; clock: Clock; signal: AbortSignal },
): Promise<MotionFacts> {
  if (!connection.has('events')) {
    throw new Failure('the camera has no event service', {
      kind: 'permanent',
      code: 'service-missing',
      hint: 'Motion can still be found in the sub stream; look for newer firmware too.',
    });
  }
  const pullPoint = await PullPoint.create(connection, clock, signal);
  const states = new Set<MotionKind>();
  const seen = new Set<MotionKind>();
  const startedAt = clock.monotonic();
  try {
    // Not every camera can tell the present state; then only changes come.
    await pullPoint.synchronise(signal).catch(() => undefined);
    while (clock.monotonic() - startedAt < seconds * 1_000) {
      signal.throwIfAborted();
      const pulledAt = clock.monotonic();
      const { notifications } = await pullPoint.pull(PULL_MS, 100, signal);
      for (const one of notifications.flatMap(motionSignals)) {
        states.add(one.kind);
        if (one.active) seen.add(one.kind);
      }
      // A camera that answers at once is not to be asked at once again.
      await clock.sleep(pulledAt + 500 - clock.monotonic(), signal);
    }
    return { states: [...states], seen: [...seen], seconds };
  } finally {
    await pullPoint.unsubscribe();
  }
}
