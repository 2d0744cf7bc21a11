import type { CameraAddress } from '../config/camera-address.js';
import type { CameraIdentity } from './identity.js';

/** A camera that answered and was signed in to. Stream addresses are without credentials. */
export interface Sighting extends CameraIdentity {
  main: string;
  sub?: string;
}

/** Where a camera is, what it is recognised by, and what it streams. */
export interface Place extends Sighting {
  address: CameraAddress;
}

/** A place as one text, to be read at the next start. */
export function remembered(place: Place, configured: string): string {
  return JSON.stringify({ configured, place });
}

/**
 * What {@link remembered} wrote; undefined where nothing was, or where the configuration has since been given another
 * address: whoever writes an address means it.
 */
export function recall(text: string | undefined, configured: string): Place | undefined {
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as { configured: string; place: Place };
  return known.configured === configured ? known.place : undefined;
}
