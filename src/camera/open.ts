import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { OnvifConnection } from '../../lib/onvif/connection.js';
import type { CameraConfig } from '../config/schema.js';
import { ask } from './ask.js';
import type { Finder } from './finder.js';
import { CameraLocator } from './locator.js';
import { reach } from './reach.js';

export interface OpenCameraOptions {
  finder: Finder;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}

/** Signs in to a configured camera where it is now: one that moved is found by what it is. */
export async function openCamera(
  camera: string,
  settings: CameraConfig & { address: string },
  { finder, clock, log, signal }: OpenCameraOptions,
): Promise<OnvifConnection> {
  const locator = new CameraLocator({
    ...{ camera, settings, log },
    ask: (address, until) => ask(address, settings, { clock, signal: until }),
    search: (until) => finder.search(until),
    isTaken: () => true,
    memory: { read: () => undefined, write: () => undefined },
  });
  const { address } = await locator.locate(signal);
  return await reach(address, settings, { clock, signal });
}
