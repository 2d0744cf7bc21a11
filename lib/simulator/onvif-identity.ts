import { createHash } from 'node:crypto';
import type { DeviceSettings, EncoderSettings } from './device-settings.js';
import type { Persona, ProfileNames } from './persona.js';

/** One media profile: a stream, its names, and what its encoder is set to at this moment. */
export interface OnvifProfile {
  role: 'main' | 'sub';
  names: ProfileNames;
  /** The largest picture there is. */
  sensor: { width: number; height: number };
  readonly encoder: EncoderSettings;
}

/** What a device says about itself, and nobody can change. */
export interface OnvifIdentity {
  name: string;
  manufacturer: string;
  model: string;
  firmware: string;
  serial: string;
  hardware: string;
  mac: string;
  /** Endpoint reference, `urn:uuid:…`: the same at every start. */
  urn: string;
}

/** The identity of a simulated camera: repeatable, and different for every name and seed. */
export function identityOf(name: string, seed: string, persona: Persona, mac?: string): OnvifIdentity {
  const hash = createHash('sha256')
    .update(JSON.stringify([name, seed]))
    .digest('hex');
  const uuid = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `5${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
  const { manufacturer, model, firmware, hardware } = persona;
  return {
    ...{ name, manufacturer, model, firmware, hardware },
    serial: persona.serialOf(hash),
    // Locally administered.
    mac: mac ?? ['02', ...hash.slice(0, 10).match(/../g)!].join(':'),
    urn: `urn:uuid:${uuid}`,
  };
}

const scope = (path: string) => `onvif://www.onvif.org/${path}`;

/** Scopes that stay as they are; values are percent-encoded as the specification asks. */
export function fixedScopes({ hardware, mac }: OnvifIdentity, { claims, discovery }: Persona): string[] {
  return [
    ...claims.map((claim) => scope(`Profile/${claim}`)),
    scope('type/video_encoder'),
    scope(`hardware/${encodeURIComponent(hardware)}`),
    ...(discovery.tellsMac ? [scope(`mac/${mac}`)] : []),
  ];
}

/** Scopes that clients may replace, as they are at first. */
export function firstScopes(name: string): string[] {
  return [scope(`name/${encodeURIComponent(name)}`), scope('location/unknown')];
}

/** The two profiles every simulated camera has. Their sensor is as large as their first picture. */
export function profilesOf({ profiles }: Persona, { encoders }: DeviceSettings): OnvifProfile[] {
  return (['main', 'sub'] as const).map((role) => {
    const { width, height } = encoders[role];
    return { role, names: profiles[role], sensor: { width, height }, encoder: encoders[role] };
  });
}
