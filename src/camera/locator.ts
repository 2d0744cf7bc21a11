import { Failure, messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import { type CameraAddress, formatCameraAddress, parseCameraAddress } from '../config/camera-address.js';
import type { CameraConfig } from '../config/schema.js';
import { type CameraIdentity, isAlike, isSameCamera } from './identity.js';
import { type Place, recall, remembered, type Sighting } from './place.js';

/** A camera that made itself heard on the network. */
export interface Heard extends CameraIdentity {
  address: CameraAddress;
}

export interface LocatorOptions {
  camera: string;
  settings: CameraConfig & { address: string };
  /**
   * Signs in there and asks who it is and what it streams. Rejects with the `Failure`s of `OnvifConnection.open`. `patient`:
   * there is no last known stream to fall back on, so that a slow camera must be waited for.
   */
  ask(address: CameraAddress, signal: AbortSignal, patient: boolean): Promise<Sighting>;
  /** Looks for cameras on the network. */
  search(signal: AbortSignal): Promise<readonly Heard[]>;
  /** Whether another of our cameras is there. */
  isTaken(address: CameraAddress): boolean;
  /** What is to be known after a restart, as one text. */
  memory: { read(): string | undefined; write(text: string): void };
  log: Log;
}

/** Nobody is there, or somebody else: ours may have gone elsewhere. With other failures it is ours, and has its reasons. */
const ELSEWHERE = new Set(['unreachable', 'timed-out', 'not-onvif', 'certificate-changed', 'wrong-camera']);

/**
 * Where one ONVIF camera is at this moment. It is asked at its last known address; where another or nobody answers, it is
 * looked for by what it is. What cannot be learnt leaves what was known: a stream outlives an ONVIF service that hangs.
 */
export class CameraLocator {
  readonly #options: LocatorOptions;
  readonly #configured: CameraAddress;
  /** Addresses of cameras that did not say whether they are ours, and were asked. */
  readonly #tried = new Set<string>();
  #known: Place | undefined;
  #locating: Promise<Place> | undefined;

  constructor(options: LocatorOptions) {
    this.#options = options;
    this.#configured = parseCameraAddress(options.settings.address);
    this.#known = recall(options.memory.read(), options.settings.address);
  }

  /** Where it was seen last. */
  get lastSeen(): CameraAddress {
    return this.#known?.address ?? this.#configured;
  }

  /**
   * Callers at once share one answer. Rejects with the failure at the configured address if the camera was never seen,
   * and with `wrong-camera` if another one is there now.
   */
  locate(signal: AbortSignal): Promise<Place> {
    this.#locating ??= this.#locate(signal).finally(() => {
      this.#locating = undefined;
    });
    return this.#locating;
  }

  /** The address of a stream, without credentials. What the configuration says of it goes first. */
  async stream(which: 'main' | 'sub', signal: AbortSignal): Promise<string | undefined> {
    const given = this.#options.settings.streams?.[which];
    const place = await this.locate(signal);
    return given === undefined ? place[which] : movedTo(place.address.host, given, this.#configured.host);
  }

  async #locate(signal: AbortSignal): Promise<Place> {
    const { camera, log, settings } = this.#options;
    const address = this.lastSeen;
    const answer = await this.#ask(address, signal);
    signal.throwIfAborted();
    if (answer.failure === undefined) return this.#remember({ address, ...answer.sighting });
    const found = ELSEWHERE.has(answer.failure.code) ? await this.#find(address, signal) : undefined;
    if (found) return this.#remember(found);
    if (answer.sighting && settings.serial === undefined && settings.mac === undefined) {
      const { serial } = answer.sighting;
      log.warn({ camera, serial, was: this.#known?.serial }, 'another camera is at this address now, and is recorded');
      return this.#remember({ address, ...answer.sighting });
    }
    if (!this.#known || answer.sighting) throw answer.failure;
    log.debug({ camera, error: messageOf(answer.failure) }, 'the camera was not found; its last known stream is tried');
    return this.#known;
  }

  /** Who is there. A failure and a sighting at once are another camera. */
  async #ask(
    address: CameraAddress,
    signal: AbortSignal,
  ): Promise<{ sighting: Sighting; failure?: undefined } | { sighting?: Sighting; failure: Failure }> {
    try {
      const sighting = await this.#options.ask(address, signal, this.#known === undefined);
      const isOurs = isSameCamera(this.#wanted, sighting) !== false;
      return isOurs ? { sighting } : { sighting, failure: wrongCamera(this.#options.camera, address, sighting) };
    } catch (error) {
      if (error instanceof Failure) return { failure: error };
      throw error;
    }
  }

  get #wanted(): CameraIdentity {
    const { mac, serial } = this.#options.settings;
    // One learnt from the camera must not stand beside one given for another.
    return mac || serial ? { mac, serial } : { ...this.#known };
  }

  /**
   * Those that are ours by what they say come first. Others are signed in to once and no more, and never where another of
   * our cameras is: whoever tries all too often is locked out.
   */
  async #find(except: CameraAddress, signal: AbortSignal): Promise<Place | undefined> {
    const wanted = { ...this.#known, ...this.#wanted };
    if (!wanted.mac && !wanted.serial && !wanted.uuid) return undefined;
    const heard = await this.#search(signal);
    const ours = heard.filter((one) => isAlike(wanted, one));
    const perhaps = ours.length > 0 ? [] : heard.filter(({ address }) => this.#mayTry(address));
    for (const { address } of [...ours, ...perhaps, { address: this.#configured }]) {
      signal.throwIfAborted();
      if (formatCameraAddress(address) === formatCameraAddress(except)) continue;
      const { sighting, failure } = await this.#ask(address, signal);
      if (!failure && isSameCamera(wanted, sighting)) return { address, ...sighting };
    }
    return undefined;
  }

  /** A network that cannot be searched is no reason not to try the last known stream. */
  async #search(signal: AbortSignal): Promise<readonly Heard[]> {
    const { camera, log, search } = this.#options;
    try {
      return await search(signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      log.warn({ camera, error: error.message, hint: error.hint }, 'the camera cannot be looked for');
      return [];
    }
  }

  #mayTry(address: CameraAddress): boolean {
    const name = formatCameraAddress(address);
    if (this.#tried.has(name) || this.#options.isTaken(address)) return false;
    this.#tried.add(name);
    return true;
  }

  #remember(place: Place): Place {
    const { camera, log, memory, settings } = this.#options;
    const [from, to] = [this.lastSeen, place.address].map(formatCameraAddress);
    if (from !== to) log.warn({ camera, from, to }, 'the camera has moved to another address, and is followed there');
    this.#known = place;
    const text = remembered(place, settings.address);
    if (text !== memory.read()) memory.write(text);
    return place;
  }
}

function wrongCamera(camera: string, address: CameraAddress, { serial, mac }: Sighting): Failure {
  const who = [serial && `serial ${serial}`, mac && `MAC ${mac}`].filter(Boolean).join(', ');
  return new Failure(`At ${formatCameraAddress(address)} is another camera (${who})`, {
    kind: 'transient',
    code: 'wrong-camera',
    hint: `If it replaces ${camera}, correct \`serial\` and \`mac\`; if ${camera} is elsewhere: nvr-uplink discover --add`,
  });
}

/** A stream given by its address moves along with its camera; one on another machine does not. */
function movedTo(host: string, url: string, before: string): string {
  const moved = new URL(url);
  if (moved.hostname.replace(/^\[|\]$/g, '') !== before || host === before) return url;
  moved.hostname = host.includes(':') ? `[${host}]` : host;
  return moved.href;
}
