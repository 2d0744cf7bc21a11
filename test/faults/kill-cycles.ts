import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
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
import { account } from '../../src/archive/timeline.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { digest } from '../../src/spool/commit.js';
import { until } from '../peers/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
const CAMERAS = ['gate', 'yard'];

/** One keyframe a second in the simulated streams. */
const GOP_MS = 1_000;

/** The way from the camera into the file, on a machine that does nothing else. */
const LATENCY_MS = 1_500;

export interface KillReport {
  cycles: number;
  segments: number;
  gaps: number;
  /** How much of the open segment was lost to each kill, milliseconds before it. */
  lostMs: number[];
  /** Everything that should not be; empty when all promises were kept. */
  violations: string[];
}

/**
 * Kills the real service with SIGKILL at random moments while it records two cameras and uploads, again and again; then
 * lets it drain, and holds archive, ledger and cameras' time against each other.
 */
export async function killCycles(
  cycles: number,
  progress: (line: string) => void = () => undefined,
  latencyMs = LATENCY_MS,
): Promise<KillReport> {
  const dir = await mkdtemp(join(tmpdir(), 'kill-'));
  const stop = new AbortController();
  const simulator = await startSimulator(
    {
      cameras: CAMERAS.map((name) => ({ name, variant: 0, title: 'kill' })),
      cacheDir: join(dir, 'clips'),
      onvif: false,
      main: { width: 320, height: 180, rateBps: 300_000, loopMs: 16_000 },
      sub: { width: 320, height: 180, rateBps: 300_000, loopMs: 16_000 },
    },
    stop.signal,
  );
  // Slow answers: an upload is under way at most moments.
  const faults = new EndpointFaults({ replyDelayMs: 60 });
  const endpoint = await startEndpoint(dir, faults);
  const serving = endpoint.server.run(stop.signal);
  try {
    const config = await writeConfig(dir, simulator, endpoint);
    const kills: number[] = [];
    for (let cycle = 1; cycle <= cycles; cycle++) {
      kills.push(await runAndKill(config, join(dir, 'recorder'), cycle));
      progress(`killed ${cycle} of ${cycles}`);
    }
    faults.set({});
    await runToEnd(config, join(dir, 'recorder'));
    return await examine(dir, cycles, kills, latencyMs);
  } finally {
    stop.abort();
    await serving;
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function startEndpoint(dir: string, faults: EndpointFaults) {
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
      simulator.cameras.map(({ name, mainUrl }) => [name, { streams: { main: mainUrl }, username, password }]),
    ),
    remotes: {
      archive: {
        ...{ type: 'sftp', host, port, username: 'recorder', key_file: endpoint.keyFile },
        host_key: endpoint.server.fingerprint,
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

/** Runs until both cameras record, then kills at a random moment. Every other time ffmpeg is killed with it, as by a power cut. */
async function runAndKill(config: string, storage: string, cycle: number): Promise<number> {
  const child = start(config);
  const gone = once(child, 'exit');
  const work = join(storage, 'work');
  await until('both cameras recording', async () => (await recording(work)) === CAMERAS.length, 60_000);
  await delay(1_500 + Math.random() * 5_000);
  const orphans = cycle % 2 === 0 ? await processesIn(work) : [];
  child.kill('SIGKILL');
  for (const pid of orphans) process.kill(pid, 'SIGKILL');
  const at = Date.now();
  await gone;
  return at;
}

async function recording(work: string): Promise<number> {
  return existsSync(work) ? (await processesIn(work)).length : 0;
}

async function runToEnd(config: string, storage: string): Promise<void> {
  const child = start(config);
  const gone = once(child, 'exit');
  await until(
    'both cameras recording',
    async () => (await recording(join(storage, 'work'))) === CAMERAS.length,
    60_000,
  );
  await delay(4_000);
  child.kill('SIGTERM');
  await gone;
  // Once more, for what was sealed while it stopped.
  const last = start(config);
  const lastGone = once(last, 'exit');
  const ledger = new Ledger(join(storage, 'ledger.db'));
  const waiting = () => CAMERAS.reduce((sum, camera) => sum + ledger.files.backlog(camera).files, 0);
  await until('an empty backlog', () => waiting() === 0, 60_000);
  ledger.close();
  last.kill('SIGTERM');
  await lastGone;
}

async function examine(dir: string, cycles: number, kills: readonly number[], latencyMs: number): Promise<KillReport> {
  const ledger = new Ledger(join(dir, 'recorder', 'ledger.db'));
  const report: KillReport = { cycles, segments: 0, gaps: 0, lostMs: [], violations: [] };
  const stored = await filesBelow(join(dir, 'archive', 'test'));
  const media = new Map(stored.filter((key) => key.endsWith('.mp4')).map((key) => [`test/${key}`, 0]));
  for (const camera of CAMERAS) {
    const files = ledger.files.between(camera, 0, Number.MAX_SAFE_INTEGER).filter((file) => file.kind === 'continuous');
    const gaps = ledger.gaps.between(camera, 0, Number.MAX_SAFE_INTEGER);
    report.segments += files.length;
    report.gaps += gaps.length;
    let previous: (typeof files)[number] | undefined;
    for (const file of files) {
      // What was finished while the last run stopped is waiting, and says so.
      if (!file.verifiedAt) continue;
      if (!media.has(file.key)) report.violations.push(`${file.key} is verified in the ledger and not in the archive`);
      else if ((await digest(join(dir, 'archive', file.key))).sha256 !== file.sha256) {
        report.violations.push(`${file.key} in the archive is not what was recorded`);
      }
      media.set(file.key, (media.get(file.key) ?? 0) + 1);
      if (previous && file.start < previous.end - 500) report.violations.push(`${file.key} doubles ${previous.key}`);
      previous = file;
    }
    for (const killedAt of kills) {
      const before = files.filter((file) => file.start < killedAt).at(-1);
      const lost = killedAt - (before?.end ?? 0);
      report.lostMs.push(Math.round(lost));
      if (lost > GOP_MS + latencyMs) report.violations.push(`${camera} lost ${Math.round(lost)} ms before a kill`);
      const named = gaps.some((gap) => gap.start <= killedAt + 500 && (gap.end ?? Infinity) > killedAt);
      if (!named) report.violations.push(`${camera}: no gap names the kill at ${new Date(killedAt).toISOString()}`);
    }
    const first = Math.min(...gaps.map((gap) => gap.start), ...files.map((file) => file.start));
    const last = Math.max(...files.map((file) => file.end));
    const entries = [...files.map(mediaEntry), ...gaps.map((gap) => gapEntry(gap, last))];
    const { unaccountedMs } = account(entries, { start: first, end: last });
    if (unaccountedMs > 0) report.violations.push(`${camera}: ${unaccountedMs} ms are neither recorded nor a gap`);
  }
  for (const [key, count] of media) {
    if (count !== 1) report.violations.push(`${key} is in the archive and ${count} times in the ledger`);
  }
  const left = (await processesIn(join(dir, 'recorder'))).length;
  if (left > 0) report.violations.push(`${left} processes are left over`);
  ledger.close();
  return report;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
