import type { Service } from '../service.js';
import { CameraAddresses } from './camera-addresses.js';
import { CameraClock } from './camera-clock.js';
import type { SimulatedCameraOptions } from './camera-options.js';
import { CameraPower } from './camera-power.js';
import { CameraStreams } from './camera-streams.js';
import { Card } from './card.js';
import { type Certificate, selfSigned } from './certificate.js';
import type { Clip } from './clip.js';
import type { Conduct, Fault } from './conduct.js';
import { DeviceSettings } from './device-settings.js';
import type { Discoverable } from './discovery.js';
import { encoderOf } from './encoder-settings.js';
import { Faults } from './faults.js';
import { MotionWatch } from './motion-watch.js';
import { firstScopes, fixedScopes, identityOf, type OnvifIdentity, profilesOf } from './onvif-identity.js';
import { OnvifServer } from './onvif-server.js';
import type { Device } from './onvif-service.js';
import type { Persona } from './persona.js';
import { RtspServer } from './rtsp-server.js';
import { Subscriptions } from './subscriptions.js';

const REPLAY_PATH = '/recordings/1';

/** One camera: RTSP with a main and a sub stream, and ONVIF services. It can be told to misbehave while it runs. */
export class SimulatedCamera implements Service, Discoverable {
  readonly name: string;
  readonly identity: OnvifIdentity;
  readonly settings: DeviceSettings;
  /** What its ONVIF side does wrong. */
  readonly faults = new Faults();
  readonly motion: MotionWatch;
  /** Who listens to its events. */
  readonly subscriptions: Subscriptions;
  readonly clock: CameraClock;
  /** What it records itself, where it has an SD card. */
  readonly card: Card | undefined;
  readonly #options: SimulatedCameraOptions;
  readonly #conduct: Conduct = { fault: undefined };
  readonly #rtsp: RtspServer;
  readonly #onvif: OnvifServer | undefined;
  readonly #addresses: CameraAddresses;
  readonly #streams: CameraStreams;
  readonly #power: CameraPower;
  #certificate: Certificate | undefined;
  #listenedAt: string | undefined;

  constructor(options: SimulatedCameraOptions) {
    const { name, host, account, persona, main, sub, epochMs, qop, maxBacklogBytes, onSent } = options;
    this.name = name;
    this.identity = identityOf(name, options.seed, persona, options.mac);
    this.#options = options;
    this.clock = new CameraClock(options.clock, () => this.faults.get('clock-skew') ?? 0);
    const encoders = { main: encoderOf(main.clip), sub: encoderOf(sub.clip) };
    this.settings = new DeviceSettings({ account, name, address: host, scopes: firstScopes(name), encoders });
    const { settings, faults } = this;
    const ports = { rtsp: options.rtspPort ?? 0, onvif: options.onvifPort ?? 0, https: options.httpsPort ?? 0 };
    this.#addresses = new CameraAddresses({ persona, settings, faults, ports, https: options.https ?? false });
    const { motion, spec } = main.clip;
    this.motion = new MotionWatch({ clock: options.clock, epochMs, loopMs: spec.loopMs, motion });
    this.subscriptions = new Subscriptions({ clock: options.clock, persona, faults, motion: this.motion });
    this.#streams = new CameraStreams({
      ...{ persona, main, sub, encode: options.encode },
      drop: (path) => this.#rtsp.drop(path),
    });
    const { feeds } = this.#streams;
    const conduct = this.#conduct;
    this.card = options.card ? new Card({ clock: this.clock, epochMs }) : undefined;
    const card = this.card && { path: REPLAY_PATH, card: this.card, feed: () => this.#streams.feed('main') };
    this.#rtsp = new RtspServer({
      ...{ name: persona.realmOf(this.identity), accounts: this.settings, feeds },
      ...{ clock: this.clock, epochMs, conduct, card, qop, maxBacklogBytes, onSent },
    });
    const snapshot = () => this.#snapshot();
    if (options.onvif) this.#onvif = new OnvifServer({ device: this.#asDevice(), conduct, snapshot });
    const up = (signal: AbortSignal) => this.#up(signal);
    this.#power = new CameraPower({ clock: options.clock, up, down: () => this.#down() });
  }

  /** Valid once open. */
  get mainUrl(): string {
    return this.#addresses.stream('main');
  }

  get subUrl(): string {
    return this.#addresses.stream('sub');
  }

  get deviceUrl(): string {
    return this.#addresses.device;
  }

  /** Undefined without HTTPS. */
  get secureUrl(): string | undefined {
    return this.#addresses.secureDevice;
  }

  /** Undefined where the maker has none. */
  get snapshotUrl(): string | undefined {
    return this.#addresses.snapshot;
  }

  /** PEM, of its HTTPS side. */
  get certificate(): string | undefined {
    return this.#certificate?.cert.toString();
  }

  get persona(): Persona {
    return this.#options.persona;
  }

  get main(): Clip {
    return this.#streams.feed('main').clip;
  }

  get sub(): Clip {
    return this.#streams.feed('sub').clip;
  }

  /** How many RTSP clients are connected, whether they are played to or not. */
  get connections(): number {
    return this.#rtsp.connections;
  }

  /** How many clients are being played to. */
  get sessions(): number {
    return this.#rtsp.sessions;
  }

  /** How many RTSP connections there ever were. */
  get accepted(): number {
    return this.#rtsp.accepted;
  }

  get fault(): Fault | undefined {
    return this.#conduct.fault;
  }

  get urn(): string {
    return this.identity.urn;
  }

  get types(): string {
    return this.#options.persona.discovery.types;
  }

  get addresses(): string {
    return this.#addresses.announced;
  }

  scopes(): readonly string[] {
    return [...fixedScopes(this.identity, this.#options.persona), ...this.settings.scopes];
  }

  /** Begins to misbehave, or stops. Resolves when it is so: ports closed, or open again under their old numbers. */
  async setFault(fault: Fault | undefined): Promise<void> {
    const before = this.#conduct.fault;
    this.#conduct.fault = fault;
    if (fault === before) return;
    if (fault === 'unreachable') await this.#power.close();
    else if (before === 'unreachable') await this.#power.open();
  }

  /** Closes every stream at once, as a camera that restarts; new ones are accepted. */
  async drop(): Promise<void> {
    await this.#rtsp.drop();
  }

  /** Everything ends, and is there again after a moment; what was set is still so. */
  async reboot(): Promise<void> {
    this.card?.stop();
    await this.#power.restart(this.#options.restartMs ?? 2_000, () => {
      this.card?.start();
      if (this.faults.has('forgets-time')) this.clock.set(0);
    });
  }

  /** As if DHCP had given it another address. Rejects where it cannot have that; then it is gone, as a real one would be. */
  async moveTo(address: string): Promise<void> {
    this.settings.network.address = address;
    await this.#power.restart(0, () => undefined);
  }

  /** Resolves when what its encoders were set to is what its streams are. */
  async settled(): Promise<void> {
    await this.#streams.settled();
  }

  get host(): string {
    return this.settings.network.address;
  }

  isAnswering(): boolean {
    return this.#power.isUp && this.fault !== 'silent' && this.fault !== 'unreachable';
  }

  /** Where the scene is now, milliseconds from the start of its loop. */
  sceneMs(): number {
    const { clock, epochMs } = this.#options;
    return (clock.monotonic() - epochMs) % this.main.spec.loopMs;
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
    this.card?.start();
    await this.#power.open();
  }

  async close(): Promise<void> {
    this.card?.stop();
    await Promise.all([this.#power.close(), this.#streams.close()]);
  }

  async #up(signal: AbortSignal): Promise<void> {
    if (this.fault === 'unreachable') return;
    const { address, prefixLength } = this.settings.network;
    const { https, name, takeAddress } = this.#options;
    const { ports } = this.#addresses;
    await takeAddress?.(address, prefixLength, this.#listenedAt);
    this.#listenedAt = address;
    ports.rtsp = await this.#rtsp.open(address, ports.rtsp);
    if (!this.#onvif) return;
    ports.onvif = await this.#onvif.open(address, ports.onvif);
    if (https) {
      this.#certificate ??= await selfSigned(name, address, signal);
      ports.https = await this.#onvif.openSecure(address, ports.https, this.#certificate);
    }
    if (this.fault !== 'silent') this.#options.onUp?.(this);
  }

  async #down(): Promise<void> {
    await Promise.all([this.#rtsp.close(), this.#onvif?.close()]);
  }

  #snapshot(): Buffer {
    const { snapshots } = this.main;
    return snapshots[Math.floor(this.sceneMs() / 1000)] ?? snapshots[0]!;
  }

  /** This camera as its services see it. */
  #asDevice(): Device {
    const { persona, identity, clock, settings, faults, motion, subscriptions } = this;
    const addresses = this.#addresses;
    return {
      ...{ persona, identity, clock, settings, faults, motion, subscriptions, card: this.card },
      profiles: profilesOf(persona, settings),
      url: (call, path) => addresses.told(call, path),
      streamUrl: (call, { names }) => addresses.toldStream(call, names),
      replayUrl: (call) => addresses.toldReplay(call, REPLAY_PATH),
      ports: () => addresses.protocols(),
      encode: (one, wanted) => {
        Object.assign(one.encoder, wanted);
        this.#streams.set(one.role, wanted);
      },
      reboot: () => this.#power.afterReply(() => this.reboot()),
      move: () => this.#power.afterReply(() => this.moveTo(settings.network.address)),
    };
  }
}
