import { createHash } from 'node:crypto';
import type { ClipSpec } from './clip.js';

/** One media profile: what is streamed where. */
export interface OnvifProfile {
  token: 'main' | 'sub';
  streamUrl: string;
  spec: ClipSpec;
}

/** Everything a device says about itself. */
export interface OnvifIdentity {
  name: string;
  manufacturer: string;
  model: string;
  firmware: string;
  serial: string;
  hardware: string;
  /** `02:…`, locally administered. */
  mac: string;
  /** Endpoint reference, `urn:uuid:…`: the same at every start. */
  urn: string;
}

/** The identity of a simulated camera: repeatable, and different for every name and seed. */
export function identityOf(name: string, seed: string): OnvifIdentity {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, seed]))
    .digest('hex');
  const mac = ['02', ...hash.slice(0, 10).match(/../g)!].join(':');
  const uuid = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
  return {
    name,
    manufacturer: 'nvr-uplink',
    model: 'Simulated Camera',
    firmware: '1.0',
    serial: `SIM${hash.slice(0, 8).toUpperCase()}`,
    hardware: 'SIM1',
    mac,
    urn: `urn:uuid:${uuid}`,
  };
}

/** The scopes of discovery and `GetScopes`; names are percent-encoded as the specification asks. */
export function scopesOf({ name, hardware, mac }: OnvifIdentity): string[] {
  const scope = (path: string) => `onvif://www.onvif.org/${path}`;
  return [
    scope('Profile/Streaming'),
    scope('type/video_encoder'),
    scope(`name/${encodeURIComponent(name)}`),
    scope(`hardware/${encodeURIComponent(hardware)}`),
    scope(`mac/${mac}`),
  ];
}
