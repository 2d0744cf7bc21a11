import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ensureFfmpeg, type Ffmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { runAll, type Service } from '../../lib/service.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { EndpointEvent } from '../../lib/transfer-endpoint/events.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import { TransferEndpoint } from '../../lib/transfer-endpoint/transfer-endpoint.js';
import { startApp } from '../app-web.js';
import { loadConfig } from '../config/load.js';
import { parseMediaKey } from '../segment.js';
import { type Context, EXIT, type GlobalOptions, print, printJson, version } from './context.js';
import { clockTime, size } from './format.js';
import { freePort } from './free-port.js';

export interface DemoOptions extends GlobalOptions {
  dir?: string;
  port?: string;
  cameras?: string;
}

const NAMES = ['driveway', 'garden', 'gate', 'yard', 'hall', 'garage', 'shop', 'roof'];
const SITE = 'demo';
const USER = 'demo';

/**
 * `nvr-uplink demo`: simulated cameras → the real recorder → SFTP to a stand-in for AWS Transfer Family → a folder archive
 * → the pages. Only the cameras and the far end are simulated; the configuration it writes is an ordinary one.
 */
export async function demo(context: Context, options: DemoOptions): Promise<number> {
  const note = (text: string) => context.stderr.write(`${text}\n`);
  const ffmpeg = await ensureFfmpeg(context.env.NVR_UPLINK_FFMPEG, note);
  const dir = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'nvr-uplink-demo-')) : resolve(options.dir);
  await mkdir(dir, { recursive: true });
  try {
    await play(context, options, dir, ffmpeg, note);
    return EXIT.ok;
  } finally {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  }
}

async function play(context: Context, options: DemoOptions, dir: string, ffmpeg: Ffmpeg, note: (text: string) => void) {
  note(`nvr-uplink ${version()} · ffmpeg ${ffmpeg.version} (${ffmpeg.path})`);
  note('Drawing the scenes of the simulated cameras …');
  const simulator = await startSimulator(
    {
      cameras: cameraNames(options.cameras).map((name) => ({ name })),
      ...{ cacheDir: join(dir, 'simulator'), clock: context.clock, ffmpeg: ffmpeg.path },
    },
    context.signal,
  );
  const endpoint = await startEndpoint(context, dir, (event) => report(context, options, event));
  const password = randomBytes(9).toString('base64url');
  const config = join(dir, 'nvr-uplink.yaml');
  const listen = `127.0.0.1:${await pickPort(options.port)}`;
  await writePrivate(config, stringify(demoConfig({ dir, simulator, endpoint, listen, password })));
  const level = options.verbose ? 'info' : 'warn';
  const log = createLog({
    level,
    format: context.stderr.isTTY ? 'text' : 'json',
    write: (line) => context.stderr.write(line),
  });
  const loaded = loadConfig(config, {});
  const app = await startApp({ config: loaded.config, ffmpeg, clock: context.clock, log, version: version() });
  if (options.json) printJson(context, { event: 'ready', url: app.url, user: USER, password, config });
  else print(context, welcome({ url: app.url, password, dir, config, kept: options.dir !== undefined }));
  // The recorder stops first: an endpoint that goes away publishes what it has of a file, as Transfer Family does.
  const over = new AbortController();
  const recorder: Service = {
    name: 'recorder',
    run: (failed) => app.run(AbortSignal.any([context.signal, failed])).finally(() => over.abort()),
  };
  await runAll([simulator, endpoint.server, recorder], over.signal);
}

function cameraNames(wanted = '2'): string[] {
  const count = Math.max(1, Math.min(64, Number.parseInt(wanted, 10) || 2));
  return Array.from({ length: count }, (_, index) => NAMES[index] ?? `camera-${index + 1}`);
}

interface Endpoint {
  server: TransferEndpoint;
  keyFile: string;
}

/** What `cdk deploy` sets up on AWS: a put-only user with a key, and a folder in place of the bucket. */
async function startEndpoint(
  context: Context,
  dir: string,
  onEvent: (event: EndpointEvent) => void,
): Promise<Endpoint> {
  const recorder = generateHostKey();
  const keyFile = join(dir, 'recorder_ed25519');
  await writePrivate(keyFile, recorder.privateKey);
  const server = new TransferEndpoint({
    store: await FolderStore.open(join(dir, 'archive')),
    users: [{ name: 'recorder', publicKeys: [recorder.publicKey], root: '', mode: 'dropbox' }],
    hostKey: generateHostKey().privateKey,
    clock: context.clock,
    onEvent,
  });
  await server.listen();
  return { server, keyFile };
}

function demoConfig(demo: { dir: string; simulator: Simulator; endpoint: Endpoint; listen: string; password: string }) {
  const { dir, simulator, endpoint, listen, password } = demo;
  const { username, password: cameraPassword } = simulator.account;
  const { host, port } = endpoint.server.address;
  return {
    version: 1,
    site: SITE,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    storage: { dir: join(dir, 'recorder'), min_free: '100MB' },
    // Short, so that there is something to see at once; 5m is what you want at home.
    record: { segment: '10s' },
    index: { every: '10s' },
    snapshot: { every: '30s' },
    cameras: Object.fromEntries(
      // Their own events tell of motion, which costs nothing; the pages have something to show from the first minute on.
      simulator.cameras.map(({ name, onvifUrl }) => [name, { address: onvifUrl, username, password: cameraPassword }]),
    ),
    remotes: {
      archive: {
        type: 'sftp',
        ...{ host, port, username: 'recorder', key_file: endpoint.keyFile, host_key: endpoint.server.fingerprint },
      },
    },
    archive: { type: 'folder', path: join(dir, 'archive') },
    web: { listen, username: USER, password },
  };
}

function report(context: Context, options: DemoOptions, event: EndpointEvent): void {
  // The endpoint keeps to the rules of AWS Transfer Family: what it names here would fail there.
  if (event.type === 'violation' && options.json) {
    printJson(context, { event: 'violation', violation: event.violation, detail: event.detail });
  }
  if (event.type !== 'uploaded') return;
  const media = parseMediaKey(event.key);
  if (!media) return;
  const { camera, kind, start } = media;
  if (options.json) printJson(context, { event: 'uploaded', camera, kind, key: event.key, bytes: event.bytes });
  else if (!options.quiet && kind !== 'snapshot') {
    print(
      context,
      `  ${clockTime(start)}  ${camera.padEnd(10)} ${size(event.bytes).padStart(7)} recorded and uploaded`,
    );
  }
}

function welcome(ready: { url: string; password: string; dir: string; config: string; kept: boolean }): string {
  return [
    '',
    `  Open     ${ready.url}`,
    `  Sign in  ${USER} / ${ready.password}`,
    '',
    `  Archive  ${join(ready.dir, 'archive')}${ready.kept ? '' : '   (removed when this ends; keep it with --dir)'}`,
    `  Status   nvr-uplink status -c ${ready.config}`,
    '',
    '  The first files arrive in about 20 seconds. Stop with Ctrl-C.',
    '',
  ].join('\n');
}

async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  // `mode` counts for new files only; this one may be left from an earlier demo.
  await chmod(path, 0o600);
}

/** The port asked for; else 8080 if it is free, else any. */
async function pickPort(wanted: string | undefined): Promise<number> {
  return wanted === undefined ? await freePort() : Number(wanted);
}
