import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { systemClock } from '../../lib/clock.js';
import { processesIn } from '../../lib/processes.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { EndpointFaults } from '../../lib/transfer-endpoint/faults.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import { TransferEndpoint } from '../../lib/transfer-endpoint/transfer-endpoint.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { until } from '../peers/until.js';
import { SentFrames, type SentSession } from '../simulators/sent-frames.js';
import { suspend } from '../simulators/suspend.js';
import { CAMERAS, ENGINES, examine, GOP_FRAMES, type Kill, type KillReport } from './kill-account.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));

/** So many pictures at least were sent to each camera's recording before a kill. */
const LEAST_FRAMES = 2 * GOP_FRAMES;

/**
 * `everything`: service and recordings at one moment, as by a power cut. `service`: it alone; the kernel asks its recordings
 * to end. `hung`: it alone, and its recordings hear nothing any more; the next start has to end them.
 */
const KINDS = ['everything', 'service', 'hung'] as const;

/**
 * Kills the real service with SIGKILL at random moments while it records two cameras and uploads, again and again; then
 * lets it drain, and holds the archive against the frames the cameras had sent and the recorder had read.
 */
export async function killCycles(
  cycles: number,
  progress: (line: string) => void = () => undefined,
): Promise<KillReport> {
  const dir = await mkdtemp(join(tmpdir(), 'kill-'));
  const stop = new AbortController();
  const sent = new SentFrames();
  const stream = { width: 320, height: 180, rateBps: 300_000, loopMs: 16_000, fps: GOP_FRAMES, gopFrames: GOP_FRAMES };
  const simulator = await startSimulator(
    {
      cameras: CAMERAS.map((name) => ({ name, variant: 0, title: 'kill' })),
      ...{ cacheDir: join(dir, 'clips'), onvif: false, main: stream, sub: stream, onSent: sent.note },
    },
    stop.signal,
  );
  // Slow answers: an upload is under way at most moments.
  const faults = new EndpointFaults({ replyDelayMs: 60 });
  const refused: string[] = [];
  const endpoint = await startEndpoint(dir, faults, refused);
  const serving = endpoint.server.run(stop.signal);
  try {
    const config = await writeConfig(dir, simulator, endpoint);
    const kills: Kill[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      const kind = KINDS[cycle % KINDS.length]!;
      kills.push({ kind, sessions: await runAndKill(config, join(dir, 'recorder'), kind, sent) });
      progress(`killed ${kind}, ${cycle + 1} of ${cycles}`);
    }
    faults.set({});
    await runToEnd(config, join(dir, 'recorder'), sent);
    const report = await examine(dir, kills, sent.sessions);
    report.violations.push(...refused);
    return report;
  } finally {
    stop.abort();
    await serving;
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function startEndpoint(dir: string, faults: EndpointFaults, refused: string[]) {
  const user = generateHostKey();
  const keyFile = join(dir, 'key');
  await writeFile(keyFile, user.privateKey, { mode: 0o600 });
  await mkdir(join(dir, 'archive'));
  const server = new TransferEndpoint({
    store: await FolderStore.open(join(dir, 'archive')),
    users: [{ name: 'recorder', publicKeys: [user.publicKey], root: '', mode: 'dropbox' }],
    hostKey: generateHostKey().privateKey,
    clock: systemClock,
    faults,
    // What Transfer refuses, or gets wrong.
    onEvent: (event) => {
      if (event.type === 'violation') refused.push(`${event.violation}: ${event.detail}`);
    },
  });
  await server.listen();
  return { server, keyFile };
}

async function writeConfig(dir: string, simulator: Simulator, endpoint: Awaited<ReturnType<typeof startEndpoint>>) {
  const { username, password } = simulator.account;
  const { host, port } = endpoint.server.address;
  const file = join(dir, 'nvr-uplink.yaml');
  const config = {
    site: 'test',
    storage: { dir: join(dir, 'recorder'), min_free: '1MB' },
    record: { segment: '3s' },
    index: { every: '2s' },
    snapshot: { every: '1h' },
    cameras: Object.fromEntries(
      simulator.cameras.map(({ name, mainUrl }, index) => {
        const record = { engine: ENGINES[CAMERAS[index]!] };
        return [name, { streams: { main: mainUrl }, username, password, record }];
      }),
    ),
    remotes: {
      archive: {
        ...{ type: 'sftp', host, port, username: 'recorder', key_file: endpoint.keyFile },
        host_key: endpoint.server.fingerprint,
        settle: '2s',
      },
    },
    web: { listen: '127.0.0.1:0' },
  };
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}

function start(config: string): ChildProcess {
  return spawn(process.execPath, [PROGRAM, 'run', '-c', config, '-q'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Runs until both cameras record, then kills at a random moment. Returns the sessions that were killed. */
async function runAndKill(config: string, storage: string, kind: Kill['kind'], sent: SentFrames) {
  const known = sent.sessions.length;
  const child = start(config);
  const gone = once(child, 'exit');
  const sessions = await recorded(sent, known);
  await delay(Math.random() * 5_000);
  const recordings = kind === 'service' ? [] : await processesIn(join(storage, 'work'));
  suspend([child.pid!, ...recordings]);
  sent.noteRead(sessions);
  if (kind === 'everything') for (const pid of recordings) process.kill(pid, 'SIGKILL');
  child.kill('SIGKILL');
  await gone;
  return sessions;
}

/** The sessions begun since, one of each camera, once enough was sent to each. */
async function recorded(sent: SentFrames, known: number): Promise<SentSession[]> {
  const since = () =>
    CAMERAS.flatMap((camera) => sent.sessions.slice(known).findLast((one) => one.camera === camera) ?? []);
  const enough = () => since().filter(({ ends }) => ends.length >= LEAST_FRAMES).length === CAMERAS.length;
  await until('both cameras recorded', enough, 60_000);
  return since();
}

async function runToEnd(config: string, storage: string, sent: SentFrames): Promise<void> {
  const known = sent.sessions.length;
  const child = start(config);
  const gone = once(child, 'exit');
  await recorded(sent, known);
  child.kill('SIGTERM');
  await gone;
  // Once more, for what was sealed while it stopped, and for what killed recorders left: to end a recording that hears nothing takes
  // longer than the run above lasted, and a run that is to stop leaves its files to the next.
  const left = await foldersIn(join(storage, 'work'));
  const last = start(config);
  const lastGone = once(last, 'exit');
  const ledger = new Ledger(join(storage, 'ledger.db'));
  const waiting = () => CAMERAS.reduce((sum, camera) => sum + ledger.files.backlog(camera).files, 0);
  const isSaved = () => left.every((folder) => !existsSync(folder));
  await until('all saved, and an empty backlog', () => isSaved() && waiting() === 0, 60_000);
  ledger.close();
  last.kill('SIGTERM');
  await lastGone;
}

/** Of runs: one for each camera and start. */
async function foldersIn(work: string): Promise<string[]> {
  const entries = await readdir(work, { withFileTypes: true, recursive: true });
  const folders = entries.filter((entry) => entry.isDirectory() && entry.parentPath !== work);
  return folders.map((entry) => join(entry.parentPath, entry.name));
}
