import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { EndpointEvent } from '../../lib/transfer-endpoint/events.js';
import { EndpointFaults } from '../../lib/transfer-endpoint/faults.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import { TransferEndpoint } from '../../lib/transfer-endpoint/transfer-endpoint.js';
import { App } from '../../src/app.js';
import { liveStatus } from '../../src/app-web.js';
import { configSchema } from '../../src/config/schema.js';

/** A whole site in one process: a simulated camera, the real recorder, and an upload endpoint whose faults can be switched. */
export interface Site {
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
}

export const UPLOAD_PASSWORD = 'upl0ad-s3cret';

export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const dir = await mkdtemp(join(tmpdir(), 'site-'));
  const ending = new AbortController();
  const simulator = await startSimulator(
    {
      cameras: [{ name: 'gate', variant: 0, title: 'site' }],
      cacheDir: join(dir, 'clips'),
      onvif: false,
      main: { width: 320, height: 180, rateBps: 300_000 },
      sub: { width: 320, height: 180, rateBps: 300_000 },
    },
    ending.signal,
  );
  const faults = new EndpointFaults();
  const events: EndpointEvent[] = [];
  await mkdir(join(dir, 'archive'));
  const endpoint = new TransferEndpoint({
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
    record: { segment: options.segment ?? '2s' },
    index: { every: '1s' },
    snapshot: { every: '1h' },
    cameras: { gate: { streams: { main: simulator.cameras[0]!.mainUrl }, username, password } },
    remotes: {
      aws: {
        ...{ type: 'sftp', ...endpoint.address, username: 'recorder', password: UPLOAD_PASSWORD },
        host_key: options.hostKey ?? endpoint.fingerprint,
      },
    },
  });
  const logged: string[] = [];
  const log = createLog({ write: (line) => logged.push(line) });
  const app = await App.open({ config, ffmpeg: await findFfmpeg(), clock: systemClock, log });
  const stopping = new AbortController();
  const running = app.run(stopping.signal);
  return {
    ...{ dir, app, simulator, faults, events, logged },
    status: () => liveStatus(app, 'test'),
    async stop() {
      stopping.abort();
      await running;
      ending.abort();
      await serving;
      await simulator.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
