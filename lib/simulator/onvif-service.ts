import type { CameraClock } from './camera-clock.js';
import type { Card } from './card.js';
import type { DeviceSettings, EncoderSettings } from './device-settings.js';
import type { Account } from './digest.js';
import type { Faults } from './faults.js';
import type { MotionWatch } from './motion-watch.js';
import type { OnvifIdentity, OnvifProfile } from './onvif-identity.js';
import type { Persona } from './persona.js';
import type { SoapRequest } from './soap.js';
import type { Subscriptions } from './subscriptions.js';

export const SERVICE_NAMESPACES = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
  imaging: 'http://www.onvif.org/ver20/imaging/wsdl',
  analytics: 'http://www.onvif.org/ver20/analytics/wsdl',
  recording: 'http://www.onvif.org/ver10/recording/wsdl',
  search: 'http://www.onvif.org/ver10/search/wsdl',
  replay: 'http://www.onvif.org/ver10/replay/wsdl',
  deviceio: 'http://www.onvif.org/ver10/deviceIO/wsdl',
} as const;

export type ServiceName = keyof typeof SERVICE_NAMESPACES;

/** One request, as an operation gets it. */
export interface Call {
  request: SoapRequest;
  /** Path and query it was sent to. */
  path: string;
  /** Where the client reached the camera: `http://127.0.0.1:8080`. */
  origin: string;
  /** Who signed it; undefined for the few operations that anybody may ask for. */
  user: Account | undefined;
  /** Aborts when the client hangs up or the camera goes down: a long poll ends then. */
  signal: AbortSignal;
}

/** The XML inside the reply's body; with headers of its own where a service needs them. */
export type Reply = string | { body: string; header: string };

/** Answers one request, or throws a `SoapFault`. */
export type Operation = (call: Call) => Reply | Promise<Reply>;

/** One ONVIF service: a table of operations. Lives from one start of the camera to its next. */
export interface OnvifService {
  name: ServiceName;
  operations: Readonly<Record<string, Operation>>;
  /** Namespaces of operations beside the service's own: those of WS-Notification, say. */
  namespaces?: readonly string[];
  /** Whether a path that is no service's own belongs to it: the address of a subscription. */
  claims?(path: string): boolean;
  /** The camera restarts or stops: whatever waits must end. */
  close?(): void;
}

/** Makes a service of a camera. Called anew at each start, so that what a restart forgets is forgotten. */
export type ServiceFactory = (device: Device) => OnvifService;

/** A camera as its services see it. */
export interface Device {
  readonly persona: Persona;
  readonly identity: OnvifIdentity;
  /** `now()` is what the camera takes for the time; it may be far off. */
  readonly clock: CameraClock;
  readonly settings: DeviceSettings;
  readonly faults: Faults;
  readonly motion: MotionWatch;
  readonly subscriptions: Subscriptions;
  /** Undefined: there is none in it. */
  readonly card: Card | undefined;
  readonly profiles: readonly OnvifProfile[];
  /** Where the client that called will find a path of this camera, as the camera has it. */
  url(call: Pick<Call, 'origin'>, path: string): string;
  /** Where a stream is, as the camera tells this client. */
  streamUrl(call: Pick<Call, 'origin'>, profile: OnvifProfile): string;
  /** Where recordings are played from, likewise. */
  replayUrl(call: Pick<Call, 'origin'>): string;
  /** Sets an encoder; its stream follows. */
  encode(profile: OnvifProfile, settings: EncoderSettings): void;
  /** Where it listens, by protocol. */
  ports(): Record<string, number>;
  /** Restarts once the present reply is on its way. */
  reboot(): void;
  /** Goes to the address in its settings once the present reply is on its way. */
  move(): void;
}
