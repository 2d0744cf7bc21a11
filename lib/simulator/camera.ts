import type { Clock } from '../clock.js';
import type { Service } from '../service.js';
import type { Clip } from './clip.js';
import type { Conduct, Fault } from './conduct.js';
import type { Account } from './digest.js';
import type { Discoverable } from './discovery.js';
import type { Feed } from './feed.js';
import { DEVICE_PATH, OnvifDevice } from './onvif-device.js';
import { identityOf, type OnvifIdentity } from './onvif-identity.js';
import { RtspServer } from './rtsp-server.js';

export interface SimulatedCameraOptions {
  name: string;
  host: string;
  account: Account;
  main: Feed;
  sub: Feed;
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning. */
  epochMs: number;
  /** Whether it has an ONVIF service. */
  onvif: boolean;
  /** Goes into serial number, MAC and UUID: two simulators on one network differ in it. */
  seed: string;
  /** 0, the default, for any free one. */
  rtspPort?: number;
  onvifPort?: number;
  /** Offer `qop="auth"` in the Digest challenge. */
  qop?: boolean;
  maxBacklogBytes?: number;
}

/** One camera: RTSP with a main and a sub stream, and an ONVIF service. It can be told to misbehave while it runs. */
export class SimulatedCamera implements Service, Discoverable {
  readonly name: string;
  readonly identity: OnvifIdentity;
  readonly #options: SimulatedCameraOptions;
  readonly #conduct: Conduct = { fault: undefined };
  readonly #rtsp: RtspServer;
  #onvif: OnvifDevice | undefined;
  #rtspPort: number;
  #onvifPort: number;

  constructor(options: SimulatedCameraOptions) {
    const { name, account, main, sub, clock, epochMs, qop, maxBacklogBytes } = options;
    this.name = name;
    this.identity = identityOf(name, options.seed);
    this.#options = options;
    this.#rtspPort = options.rtspPort ?? 0;
    this.#onvifPort = options.onvifPort ?? 0;
    const feeds = new Map([
      ['/stream1', main],
      ['/stream2', sub],
    ]);
    const conduct = this.#conduct;
    this.#rtsp = new RtspServer({ name, account, feeds, clock, epochMs, conduct, qop, maxBacklogBytes });
  }

  /** Valid once open. */
  get mainUrl(): string {
    return `rtsp://${this.#options.host}:${this.#rtspPort}/stream1`;
  }

  get subUrl(): string {
    return `rtsp://${this.#options.host}:${this.#rtspPort}/stream2`;
  }

  get deviceUrl(): string {
    return `http://${this.#options.host}:${this.#onvifPort}${DEVICE_PATH}`;
  }

  get main(): Clip {
    return this.#options.main.clip;
  }

  get sub(): Clip {
    return this.#options.sub.clip;
  }

  /** How many clients are being played to. */
  get sessions(): number {
    return this.#rtsp.sessions;
  }

  get fault(): Fault | undefined {
    return this.#conduct.fault;
  }

  /** Begins to misbehave, or stops. Resolves when it is so: ports closed, or open again under their old numbers. */
  async setFault(fault: Fault | undefined): Promise<void> {
    const before = this.#conduct.fault;
    this.#conduct.fault = fault;
    if (fault === before) return;
    if (fault === 'unreachable') await this.close();
    else if (before === 'unreachable') await this.open();
  }

  /** Closes every stream at once, as a camera that restarts; new ones are accepted. */
  async drop(): Promise<void> {
    await this.#rtsp.drop();
  }

  isAnswering(): boolean {
    return this.fault !== 'unreachable' && this.fault !== 'silent';
  }

  /** Where the scene is now, milliseconds from the start of its loop. */
  sceneMs(): number {
    const { clock, epochMs, main } = this.#options;
    return (clock.monotonic() - epochMs) % main.clip.spec.loopMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.open();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await this.close();
  }

  async open(): Promise<void> {
    const { host, account, clock, onvif, main, sub } = this.#options;
    this.#rtspPort = await this.#rtsp.open(host, this.#rtspPort);
    if (!onvif) return;
    const profiles = [
      { token: 'main' as const, streamUrl: this.mainUrl, spec: main.clip.spec },
      { token: 'sub' as const, streamUrl: this.subUrl, spec: sub.clip.spec },
    ];
    const snapshot = () => main.clip.snapshots[Math.floor(this.sceneMs() / 1000)] ?? main.clip.snapshots[0]!;
    this.#onvif = new OnvifDevice({
      identity: this.identity,
      account,
      clock,
      conduct: this.#conduct,
      profiles,
      snapshot,
    });
    this.#onvifPort = await this.#onvif.open(host, this.#onvifPort);
  }

  async close(): Promise<void> {
    await Promise.all([this.#rtsp.close(), this.#onvif?.close()]);
  }
}
