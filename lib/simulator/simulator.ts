import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import type { Service } from '../service.js';
import { SimulatedCamera } from './camera.js';
import { type ClipSpec, loadClip } from './clip.js';
import type { Account } from './digest.js';
import { DiscoveryResponder } from './discovery.js';
import { Feed } from './feed.js';

export interface CameraRequest {
  name: string;
  /** Which scene; default: its place in the list, so that neighbours differ. */
  variant?: number;
  /** Burnt into the picture; default the name. Cameras alike in title and variant share one encoded clip. */
  title?: string;
  rtspPort?: number;
  onvifPort?: number;
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
  /** Answer WS-Discovery on the interface of `host`. Default false. */
  discovery?: boolean;
  /** Changes to the streams, over {@link MAIN_STREAM} and {@link SUB_STREAM}. */
  main?: Partial<StreamSpec>;
  sub?: Partial<StreamSpec>;
  /** Offer `qop="auth"` in the Digest challenge. Default false. */
  qop?: boolean;
  /** A client with more than this unread is dropped. Default 4 MiB. */
  maxBacklogBytes?: number;
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
  const { qop, maxBacklogBytes } = options;
  const seed = resolve(options.cacheDir);
  const cameras = options.cameras.map(({ name, rtspPort, onvifPort }, index) => {
    const { main, sub } = feeds[index]!;
    return new SimulatedCamera({
      name,
      host,
      account,
      main,
      sub,
      clock,
      epochMs,
      onvif,
      seed,
      rtspPort,
      onvifPort,
      qop,
      maxBacklogBytes,
    });
  });
  const responder = onvif && options.discovery ? new DiscoveryResponder(cameras) : undefined;
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
  const specs = options.cameras.map(({ name, title = name, variant }, index) => {
    const scene = { title, variant: variant ?? index };
    return { main: { ...MAIN_STREAM, ...options.main, ...scene }, sub: { ...SUB_STREAM, ...options.sub, ...scene } };
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
