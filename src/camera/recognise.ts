import { parseCameraAddress } from '../config/camera-address.js';
import type { CameraConfig } from '../config/schema.js';
import { isAlike, isSameCamera } from './identity.js';
import type { Candidate, SurveyedCamera } from './survey.js';

type Known = Pick<CameraConfig, 'address' | 'serial' | 'mac'>;

/** A camera of the configuration, found on the network. */
export interface Recognised {
  names: string[];
  /** The address in the configuration, if it is not there any more. */
  movedFrom: string | null;
}

/**
 * Which camera of the configuration this is: by what it is, or, where one side tells nothing, by where it is. A recorder is
 * several of them.
 */
export function recognise(camera: SurveyedCamera, known: ReadonlyMap<string, Known>): Recognised | null {
  const identity = { serial: camera.serial ?? undefined, mac: camera.mac ?? undefined };
  const address = parseCameraAddress(camera.address);
  const names: string[] = [];
  let movedFrom: string | null = null;
  for (const [name, settings] of known) {
    const same = isSameCamera(settings, identity);
    const isThere = settings.address !== undefined && sameHost(settings.address, address.host);
    if (same === false || (same === undefined && !isThere)) continue;
    names.push(name);
    if (settings.address !== undefined && !isThere) movedFrom = settings.address;
  }
  return names.length > 0 ? { names, movedFrom } : null;
}

/** Whose sign-in may be tried on a camera that was only heard of: whose it says it is, else whose address it has. */
export function claimant(candidate: Candidate, known: ReadonlyMap<string, Known>): string | undefined {
  const all = [...known];
  const hasAddress = ({ address }: Known) =>
    address !== undefined && candidate.addresses.some(({ host }) => sameHost(address, host));
  const found =
    all.find(([, settings]) => isAlike(settings, candidate)) ?? all.find(([, settings]) => hasAddress(settings));
  return found?.[0];
}

function sameHost(address: string, host: string): boolean {
  return parseCameraAddress(address).host.toLowerCase() === host.toLowerCase();
}
