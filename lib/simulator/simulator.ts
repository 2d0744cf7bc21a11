import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import type { Service } from '../service.js';
import { SimulatedCamera } from './camera.js';
import type { SimulatedCameraOptions } from './camera-options.js';
import { type ClipSpec, loadClip } from './clip.js';
import type { VideoCodec } from './device-settings.js';
import type { Account } from './digest.js';
import { DiscoveryResponder } from './discovery.js';
import { Feed } from './feed.js';
import type { Persona, PersonaName } from './persona.js';
import { PERSONAS } from './personas.js';
import type { SentPicture } from './rtsp-connection.js';

export interface CameraRequest {
  name: string;
  /** Which scene; default: its place in the list, so that neighbours differ. */
  variant?: number;
  /** Burnt into the picture; default the name. Cameras alike in title and variant share one encoded clip. */
  title?: string;
  /** Whose camera it is. Default `generic`. */
  persona?: PersonaName;
  /** Default the simulator's. */
  host?: string;
  mac?: string;
  /** Whether it has an SD card that records all the time. Default false. */
  card?: boolean;
  rtspPort?: number;
  onvifPort?: number;
  httpsPort?: number;
}

export interface SimulatorOptions {
  cameras: readonly CameraRequest[];
  /** Encoded clips are kept here, so that the next start is quick. Its path also seeds serial numbers and MACs. */
  cacheDir: string;
  /** Default the system's. */
  clock?: Clock;
  /** Address to listen on, and the interface to be discovered through. Default 127.0.0.1. */
  host?: string;
  /** Default `ffmpeg`. */
  ffmpeg?: string;
  /** Default `admin`. */
  username?: string;
  /** Default: a new random one. */
  password?: string;
  /** Default true. */
  onvif?: boolean;
  /** ONVIF over HTTPS too, with a certificate of each camera's own. Needs the openssl program. Default false. */
  https?: boolean;
  /** How long a camera is gone when it restarts. Default 2 s. */
  restartMs?: number;
  /** Makes an address the machine's before a camera listens there. Default: it must be there already. */
  takeAddress?: SimulatedCameraOptions['takeAddress'];
  /** Answer WS-Discovery on the interface of `host`. Default false. */
  discovery?: boolean;
  /** Changes to the streams, over {@link MAIN_STREAM} and {@link SUB_STREAM}. */
  main?: Partial<StreamSpec>;
  sub?: Partial<StreamSpec>;
  /** Offer `qop="auth"` in the Digest challenge. Default false. */
  qop?: boolean;
  /** A client with more than this unread is dropped. Default 4 MiB. */
  maxBacklogBytes?: number;
  /** Told of every picture a camera sends to a client: what a recorder must not lose. */
  onSent?: (camera: string, picture: SentPicture) => void;
}

export type StreamSpec = Omit<ClipSpec, 'title' | 'variant'>;

const LOOP = { loopMs: 24_000, noise: 2, rate: 'capped' } as const;

export const MAIN_STREAM: StreamSpec = {
  ...LOOP,
  width: 1280,
  height: 720,
  fps: 15,
  gopFrames: 15,
  rateBps: 2_000_000,
};
export const SUB_STREAM: StreamSpec = { ...LOOP, width: 640, height: 360, fps: 10, gopFrames: 10, rateBps: 500_000 };

export interface RunningCamera {
  name: string;
  mainUrl: string;
  subUrl: string;
  /** Undefined without ONVIF. */
  onvifUrl: string | undefined;
  camera: SimulatedCamera;
}

/**
 * Cameras that are listening already, so that their addresses are known. `run` ends when its signal aborts and everything
 * has been closed; where no service is wanted, `stop` alone does the same.
 */
export interface Simulator extends Service {
  readonly account: Account;
  readonly cameras: readonly RunningCamera[];
  stop(): Promise<void>;
}

/** How many clips are encoded at once: each encoder uses about one and a half cores. */
const ENCODERS = 2;

/** Encodes what is not in the cache and opens every camera. If any of it fails, nothing is left open. */
export async function startSimulator(options: SimulatorOptions, signal: AbortSignal): Promise<Simulator> {
  const { clock = systemClock, host = '127.0.0.1', onvif = true } = options;
  const account = {
    username: options.username ?? 'admin',
    password: options.password ?? randomBytes(9).toString('base64url'),
  };
  const feeds = await loadFeeds(options, signal);
  const epochMs = clock.monotonic();
  const seed = resolve(options.cacheDir);
  const { https, qop, maxBacklogBytes, restartMs, takeAddress, onSent } = options;
  const { cacheDir, ffmpeg = 'ffmpeg' } = options;
  const encode = async (spec: ClipSpec, stop: AbortSignal) =>
    new Feed(await loadClip(spec, { cacheDir, ffmpeg }, stop));
  let responder: DiscoveryResponder | undefined;
  const onUp = (camera: SimulatedCamera) => responder?.announce(camera);
  const cameras = options.cameras.map(({ name, persona = 'generic', ...own }, index) => {
    const { mac, card, rtspPort, onvifPort, httpsPort } = own;
    return new SimulatedCamera({
      ...{
        name,
        persona: card ? withCard(PERSONAS[persona]) : PERSONAS[persona],
        card,
        host: own.host ?? host,
        mac,
        rtspPort,
        onvifPort,
        httpsPort,
      },
      ...{ account, clock, epochMs, onvif, https, seed, qop, maxBacklogBytes, restartMs, takeAddress, encode, onUp },
      ...feeds[index]!,
      onSent: onSent && ((picture) => onSent(name, picture)),
    });
  });
  if (onvif && options.discovery) responder = new DiscoveryResponder(cameras);
  const stop = async () => {
    await responder?.close();
    await Promise.all(cameras.map((camera) => camera.close()));
  };
  try {
    for (const camera of cameras) await camera.open();
    await responder?.open(host);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: 'simulator',
    account,
    cameras: cameras.map((camera) => describe(camera, onvif)),
    stop,
    run: (until) => runUntil(until, stop),
  };
}

/** A maker's camera with an SD card in it has the services of Profile G, whatever the model mostly comes with. */
function withCard(persona: Persona): Persona {
  const path = (name: string) => `/onvif/${name}_service`;
  const profileG = { recording: path('recording'), search: path('search'), replay: path('replay') };
  return { ...persona, services: { ...profileG, ...persona.services }, claims: [...new Set([...persona.claims, 'G'])] };
}

async function runUntil(signal: AbortSignal, stop: () => Promise<void>): Promise<void> {
  await new Promise<void>((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
  await stop();
}

function describe(camera: SimulatedCamera, onvif: boolean): RunningCamera {
  const { name, mainUrl, subUrl } = camera;
  return { name, mainUrl, subUrl, onvifUrl: onvif ? camera.deviceUrl : undefined, camera };
}

/** The streams of each camera; equal clips are encoded and packetised once. */
async function loadFeeds(options: SimulatorOptions, signal: AbortSignal): Promise<{ main: Feed; sub: Feed }[]> {
  const { cacheDir, ffmpeg = 'ffmpeg' } = options;
  const specs = options.cameras.map(({ name, title = name, variant, persona = 'generic' }, index) => {
    const scene = { title, variant: variant ?? index };
    const { main, sub } = PERSONAS[persona].profiles;
    return {
      main: { ...MAIN_STREAM, ...coded(main.codec), ...options.main, ...scene },
      sub: { ...SUB_STREAM, ...coded(sub.codec), ...options.sub, ...scene },
    };
  });
  const wanted = new Map(specs.flatMap(({ main, sub }) => [main, sub]).map((spec) => [JSON.stringify(spec), spec]));
  const waiting = [...wanted];
  const loaded = new Map<string, Feed>();
  const encoder = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      loaded.set(next[0], new Feed(await loadClip(next[1], { cacheDir, ffmpeg }, signal)));
    }
  };
  await Promise.all(Array.from({ length: ENCODERS }, encoder));
  return specs.map(({ main, sub }) => ({
    main: loaded.get(JSON.stringify(main))!,
    sub: loaded.get(JSON.stringify(sub))!,
  }));
}

/** H.264 goes without saying, so that clips in old caches are found. */
function coded(codec: VideoCodec): { codec?: VideoCodec } {
  return codec === 'H264' ? {} : { codec };
}
