import type { Cam } from 'onvif';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { Addresses } from './address.js';
import { Caller } from './caller.js';
import type { CameraClock } from './camera-clock.js';
import { withDeadline } from './deadline.js';
import { SoapFault } from './failures.js';
import { identityOf, type OnvifIdentity } from './identity.js';
import { Library } from './library.js';
import { givenMessage, libraryMessage, type Message } from './messages.js';
import { type ServiceName, type Services, servicesOf, servicesOfCapabilities } from './services.js';
import { SoapClient } from './soap-client.js';
import { checkTarget, DEVICE_PATH, nameOf, type OnvifTarget, originOf } from './target.js';
import type { XmlElement } from './xml.js';

export type { CameraClock } from './camera-clock.js';
export type { OnvifIdentity } from './identity.js';
export type { ServiceName } from './services.js';
export type { OnvifTarget } from './target.js';

export interface OnvifRequest {
  service: ServiceName;
  /** Instead of the service's own address: a subscription's. It is rewritten before anything is sent to it. */
  url?: string;
  /** The operation's element, XML. Text in it goes through `escapeXml`. */
  body: string;
  /** WS-Addressing action, where a service wants one: then `To` (`url` as it is given) and `MessageID` go with it. */
  action?: string;
  /** Further SOAP headers (reference parameters), XML. */
  headers?: string;
  /** For all of it, a second attempt included. Default 10 s. */
  deadlineMs?: number;
  signal?: AbortSignal;
}

export interface OpenOptions {
  clock: Clock;
  signal: AbortSignal;
  /** For all of opening. Default 20 s. */
  deadlineMs?: number;
}

const OPEN_MS = 20_000;
const CALL_MS = 10_000;
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** The package could only ask unsigned, which a few makers refuse. */
const ASK_TIME = '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>';

/**
 * One camera, signed in to: the one adapter around the `onvif` package. Nothing is kept open between calls, each call
 * has one deadline for all of it, and nothing is ever sent to another host than the target's.
 */
export class OnvifConnection {
  readonly target: OnvifTarget;
  readonly #clock: Clock;
  readonly #library: Library;
  readonly #soap: SoapClient;
  readonly #caller: Caller;
  readonly #addresses: Addresses;
  #services: Services = new Map();
  #information: XmlElement | undefined;

  private constructor(target: OnvifTarget, clock: Clock) {
    this.target = target;
    this.#clock = clock;
    this.#library = new Library(target, clock);
    this.#soap = new SoapClient(target);
    this.#addresses = new Addresses(target);
    const askTime = givenMessage(this.#library, this.#urlOf('device'), { body: ASK_TIME });
    this.#caller = new Caller(target, clock, this.#soap, askTime);
  }

  /**
   * Reads the clock unsigned, then the services, then proves the sign-in with `GetDeviceInformation`: the package calls a wrong
   * password a success. Rejects with `target-invalid`, `unreachable`, `not-onvif`, `sign-in-refused`, `timed-out`,
   * `certificate-changed`, `certificate-unknown`, `reply-too-large`, `xml-invalid`, `soap-fault` (a {@link SoapFault}) or `aborted`.
   */
  static async open(target: OnvifTarget, options: OpenOptions): Promise<OnvifConnection> {
    checkTarget(target);
    const { clock, signal, deadlineMs = OPEN_MS } = options;
    const connection = new OnvifConnection(target, clock);
    await withDeadline({ clock, signal, deadlineMs, name: nameOf(target) }, async (limit) => {
      await connection.#caller.readClock(limit);
      connection.#services = await connection.#readServices(limit);
      connection.#addresses.learn(connection.#services.get('device'));
      connection.#information = await connection.#ask('device', (cam) => cam.getDeviceInformation(), limit);
    });
    return connection;
  }

  has(service: ServiceName): boolean {
    return service === 'device' || this.#services.has(service);
  }

  /** The element inside the reply's body. If the sign-in is refused because the camera's clock moved, it is tried again, once. */
  async call(request: OnvifRequest): Promise<XmlElement> {
    const { service, url, deadlineMs = CALL_MS, signal } = request;
    const reached = url === undefined ? this.#urlOf(service) : new URL(this.rewrite(url));
    const message = givenMessage(this.#library, reached, request);
    return await this.within(deadlineMs, signal, (limit) => this.#caller.send(message, limit));
  }

  /** As {@link call}, for a request that the package writes. Text given to it must have gone through `escapeXml`. */
  async ask(
    service: ServiceName,
    write: (cam: Cam) => void,
    options: { deadlineMs?: number; signal?: AbortSignal } = {},
  ): Promise<XmlElement> {
    return await this.within(options.deadlineMs ?? CALL_MS, options.signal, (limit) =>
      this.#ask(service, write, limit),
    );
  }

  /** What the camera calls an address, as we reach it: always on the target's host, without user and password. */
  rewrite(uri: string): string {
    return this.#addresses.rewrite(uri);
  }

  /** A file by HTTP(S), such as a snapshot; {@link rewrite} is applied. At most 8 MiB unless told otherwise. */
  async get(
    url: string,
    options: { signal?: AbortSignal; deadlineMs?: number; maxBytes?: number } = {},
  ): Promise<Buffer> {
    const { deadlineMs = CALL_MS, signal, maxBytes = MAX_FILE_BYTES } = options;
    const reached = new URL(this.rewrite(url));
    if (!reached.protocol.startsWith('http')) throw new TypeError(`${reached.protocol} is not HTTP`);
    return await this.within(deadlineMs, signal, (limit) => this.#soap.get(reached, maxBytes, limit));
  }

  /** Read anew but for what was read when opening. What the camera does not tell is empty or undefined. */
  async identity(options: { signal?: AbortSignal; deadlineMs?: number } = {}): Promise<OnvifIdentity> {
    return await this.within(options.deadlineMs ?? OPEN_MS, options.signal, (signal) =>
      identityOf(this.#information!, this.target.host, (service, write) => this.ask(service, write, { signal })),
    );
  }

  /** The camera's clock now. Signatures are dated by it from here on, so it is to be called after setting the clock. */
  async clock(options: { signal?: AbortSignal; deadlineMs?: number } = {}): Promise<CameraClock> {
    return await this.within(options.deadlineMs ?? CALL_MS, options.signal, (limit) => this.#caller.readClock(limit));
  }

  /** One deadline for several calls, which are to be given the signal. */
  within<T>(deadlineMs: number, signal: AbortSignal | undefined, work: (limit: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline({ clock: this.#clock, name: nameOf(this.target), deadlineMs, signal }, work);
  }

  #ask(service: ServiceName, write: (cam: Cam) => void, limit: AbortSignal): Promise<XmlElement> {
    return this.#caller.send(this.#written(service, write), limit);
  }

  async #readServices(limit: AbortSignal): Promise<Services> {
    try {
      const services = servicesOf(await this.#ask('device', (cam) => cam.getServices(false), limit));
      if (services.size > 0) return services;
    } catch (error) {
      // GetServices is younger than many cameras.
      if (!(error instanceof SoapFault)) throw error;
    }
    return servicesOfCapabilities(await this.#ask('device', (cam) => cam.getCapabilities(), limit));
  }

  #written(service: ServiceName, write: (cam: Cam) => void): Message {
    return libraryMessage(this.#library, this.#urlOf(service), write, service === 'media2');
  }

  #urlOf(service: ServiceName): URL {
    // Never the address it names for its device service: the one we have works.
    if (service === 'device') return new URL(originOf(this.target) + (this.target.path ?? DEVICE_PATH));
    const address = this.#services.get(service);
    if (address === undefined) {
      throw new Failure(`${nameOf(this.target)} has no ${service} service`, {
        kind: 'permanent',
        code: 'service-missing',
        hint: 'Look in the camera’s settings whether it can be switched on, or whether there is newer firmware.',
      });
    }
    return new URL(this.rewrite(address));
  }
}
