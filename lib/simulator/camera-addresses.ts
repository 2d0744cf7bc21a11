import type { DeviceSettings } from './device-settings.js';
import type { Faults } from './faults.js';
import type { Call } from './onvif-service.js';
import type { Persona, ProfileNames } from './persona.js';

export interface Ports {
  rtsp: number;
  onvif: number;
  https: number;
}

export interface CameraAddressesOptions {
  persona: Persona;
  settings: DeviceSettings;
  faults: Faults;
  /** 0 until the system has chosen one. */
  ports: Ports;
  https: boolean;
}

/** Where the things of one camera are: truly, and as the camera says. */
export class CameraAddresses {
  readonly ports: Ports;
  readonly #options: CameraAddressesOptions;

  constructor(options: CameraAddressesOptions) {
    this.#options = options;
    this.ports = options.ports;
  }

  get host(): string {
    return this.#options.settings.network.address;
  }

  stream(role: 'main' | 'sub'): string {
    return `rtsp://${this.host}:${this.ports.rtsp}${this.#options.persona.profiles[role].path}`;
  }

  get device(): string {
    return `http://${this.host}:${this.ports.onvif}${this.#options.persona.services.device}`;
  }

  get secureDevice(): string | undefined {
    const { https, persona } = this.#options;
    return https ? `https://${this.host}:${this.ports.https}${persona.services.device}` : undefined;
  }

  get snapshot(): string | undefined {
    const path = this.#options.persona.snapshot?.path;
    return path && `http://${this.host}:${this.ports.onvif}${path}`;
  }

  /** As an answer to a probe has them. */
  get announced(): string {
    const { persona, faults } = this.#options;
    const { extraAddresses = [] } = persona.discovery;
    if (faults.has('no-xaddrs')) return '';
    const path = persona.services.device;
    const wrong = faults.get('xaddr-host');
    const extra = { ipv6: `http://[fe80::1234]${path}`, https: this.secureDevice };
    const more = extraAddresses.map((kind) => extra[kind]).filter((url) => url !== undefined);
    return `${faults.has('leading-space') ? ' ' : ''}${[wrong ? `http://${wrong}${path}` : this.device, ...more].join(' ')}`;
  }

  /** Where a client that came this way finds a path. */
  told({ origin }: Pick<Call, 'origin'>, path: string): string {
    const { faults } = this.#options;
    const wrong = faults.get('xaddr-host');
    if (wrong) return `http://${wrong}${path}`;
    return faults.has('http-addresses') ? `http://${this.#seen(origin)}:${this.ports.onvif}${path}` : origin + path;
  }

  /** Where a client that came this way finds a stream. */
  toldStream({ origin }: Pick<Call, 'origin'>, { path, extraQuery }: ProfileNames): string {
    const host = this.#options.faults.get('xaddr-host')?.replace(/:.*/, '') ?? this.#seen(origin);
    const query = extraQuery ? `${path.includes('?') ? '&' : '?'}${extraQuery}` : '';
    return `rtsp://${host}:${this.ports.rtsp}${path}${query}`;
  }

  /** Where a client that came this way finds what is recorded in the camera. */
  toldReplay({ origin }: Pick<Call, 'origin'>, path: string): string {
    return `rtsp://${this.#seen(origin)}:${this.ports.rtsp}${path}`;
  }

  /** By protocol, as `GetNetworkProtocols` has them. */
  protocols(): Record<string, number> {
    const { rtsp: RTSP, onvif: HTTP, https: HTTPS } = this.ports;
    return this.#options.https ? { HTTP, HTTPS, RTSP } : { HTTP, RTSP };
  }

  #seen(origin: string): string {
    return new URL(origin).hostname;
  }
}
