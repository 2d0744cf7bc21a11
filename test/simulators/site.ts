import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { EndpointEvent } from '../../lib/transfer-endpoint/events.js';
import { EndpointFaults } from '../../lib/transfer-endpoint/faults.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import { App } from '../../src/app.js';
import { liveStatus } from '../../src/app-web.js';
import { configSchema } from '../../src/config/schema.js';
import { standIn } from './stand-in.js';

/** A whole site in one process: a simulated camera, the real recorder, and an upload endpoint whose faults can be switched. */
export interface Site extends AsyncDisposable {
  dir: string;
  app: App;
  simulator: Simulator;
  faults: EndpointFaults;
  events: EndpointEvent[];
  logged: string[];
  status(): ReturnType<typeof liveStatus>;
  stop(): Promise<void>;
}

export interface SiteOptions {
  /** The pin in the configuration; default: the endpoint's real one. */
  hostKey?: string;
  segment?: string;
  /** What records; default the configuration's own. */
  engine?: 'auto' | 'ffmpeg';
}

export const UPLOAD_PASSWORD = 'upl0ad-s3cret';

/** The scene is encoded once, by the first site of a file. */
let scene: Promise<string> | undefined;
afterAll(async () => {
  if (scene) await rm(await scene, { recursive: true });
});

async function encodeScene(): Promise<string> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'site-scene-'));
  await (await startCamera(cacheDir, new AbortController().signal)).stop();
  return cacheDir;
}

function startCamera(cacheDir: string, signal: AbortSignal): Promise<Simulator> {
  const cameras = [{ name: 'gate', variant: 0, title: 'site' }];
  const small = { width: 320, height: 180, rateBps: 300_000 };
  return startSimulator({ cameras, cacheDir, onvif: false, main: small, sub: small }, signal);
}

export async function startSite(options: SiteOptions = {}): Promise<Site> {
  scene ??= encodeScene();
  const ending = new AbortController();
  const simulator = await startCamera(await scene, ending.signal);
  const dir = await mkdtemp(join(tmpdir(), 'site-'));
  const faults = new EndpointFaults();
  const events: EndpointEvent[] = [];
  await mkdir(join(dir, 'archive'));
  const endpoint = standIn({
    store: await FolderStore.open(join(dir, 'archive')),
    users: [{ name: 'recorder', password: UPLOAD_PASSWORD, root: '', mode: 'dropbox' }],
    hostKey: generateHostKey().privateKey,
    clock: systemClock,
    faults,
    onEvent: (event) => events.push(event),
  });
  await endpoint.listen();
  const serving = endpoint.run(ending.signal);
  const { username, password } = simulator.account;
  const config = configSchema.parse({
    site: 'test',
    storage: { dir: join(dir, 'recorder'), min_free: '1MB', keep_uploaded: '0s' },
    record: { segment: options.segment ?? '2s', engine: options.engine },
    index: { every: '1s' },
    snapshot: { every: '1h' },
    cameras: { gate: { streams: { main: simulator.cameras[0]!.mainUrl }, username, password } },
    remotes: {
      aws: {
        ...{ type: 'sftp', ...endpoint.address, username: 'recorder', password: UPLOAD_PASSWORD },
        host_key: options.hostKey ?? endpoint.fingerprint,
        settle: '2s',
      },
    },
  });
  const logged: string[] = [];
  const log = createLog({ write: (line) => logged.push(line) });
  const app = await App.open({ config, ffmpeg: await findFfmpeg(), clock: systemClock, log });
  const stopping = new AbortController();
  const running = app.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
    ending.abort();
    await serving;
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return {
    ...{ dir, app, simulator, faults, events, logged, stop, [Symbol.asyncDispose]: stop },
    status: () => liveStatus(app, 'test'),
  };
}
