import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { OnvifTarget } from '../lib/onvif/connection.js';
import { ask } from './camera/ask.js';
import { Finder } from './camera/finder.js';
import { CameraLocator } from './camera/locator.js';
import type { CameraConfig, Config } from './config/schema.js';
import type { Ledger } from './ledger/ledger.js';
import type { StreamSource } from './recording/engine.js';

/** To connect and be signed in to. A camera that takes longer has its last known stream tried. */
const ASK_MS = 5_000;

/** Where the cameras are that were given by their ONVIF address, by name. One search is shared by all that are missed. */
export function buildLocators(
  { cameras, discovery }: Config,
  { ledger, clock, log }: { ledger: Ledger; clock: Clock; log: Log },
): ReadonlyMap<string, CameraLocator> {
  const finder = new Finder(clock, discovery.interfaces);
  const locators = new Map<string, CameraLocator>();
  for (const [camera, settings] of Object.entries(cameras)) {
    if (!isOnvif(settings)) continue;
    locators.set(
      camera,
      new CameraLocator({
        ...{ camera, settings, log },
        isTaken: ({ host }) => [...locators].some(([name, other]) => name !== camera && other.lastSeen.host === host),
        ask: (address, signal, patient) =>
          ask(address, settings, { clock, signal, ...(!patient && { deadlineMs: ASK_MS }) }),
        search: (signal) => finder.search(signal),
        memory: {
          read: () => ledger.meta(`camera:${camera}`),
          write: (text) => ledger.setMeta(`camera:${camera}`, text),
        },
      }),
    );
  }
  return locators;
}

function isOnvif(settings: CameraConfig): settings is CameraConfig & { address: string } {
  return settings.address !== undefined;
}

/** A stream of a camera at this moment. */
export async function cameraStream(
  which: 'main' | 'sub',
  { streams, certificate, transport, username, password }: CameraConfig,
  locator: CameraLocator | undefined,
  signal: AbortSignal,
): Promise<StreamSource> {
  const url = locator ? await locator.stream(which, signal) : (streams?.[which] ?? streams?.main);
  // The schema asks for one or the other.
  return { url: url!, certificate, transport, username, password };
}

/** How to reach a camera's ONVIF service at this moment; rejects as {@link CameraLocator.locate} does. */
export async function onvifTarget(
  { certificate, username, password }: CameraConfig,
  locator: CameraLocator,
  signal: AbortSignal,
): Promise<OnvifTarget> {
  const { host, port, path, secure } = (await locator.locate(signal)).address;
  return { host, port, path, secure, certificate: secure ? certificate : undefined, username, password };
}
