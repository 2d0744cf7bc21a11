import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { systemClock } from '../lib/clock.js';
import { type Simulator, startSimulator } from '../lib/simulator/simulator.js';
import { packetHashes } from '../test/peers/rtsp.js';
import { type Usage, usageOf } from './process-tree.js';
import type { BenchOptions, Measured } from './results.js';

const CAMERAS = 16;
const PROGRAM = fileURLToPath(new URL('../dist/bin/nvr-uplink.js', import.meta.url));
const PEER = 'ffmpeg -f segment';

/** Long enough after a border that every segment of it was sealed. */
const SETTLED_MS = 20_000;

/** What you want at home, and the default. */
const SEGMENT_MS = 300_000;

const WARM_UP_MS = 15_000;

/**
 * One recorder with 16 cameras of 2 Mbit/s beside 16 bare `ffmpeg -f segment` on the same streams at the same time.
 * Ours counts whole: service, its ffmpegs, sealing, hashing, snapshots, pages. Over whole segments of five minutes.
 */
export async function run({ quick, say }: BenchOptions): Promise<Measured[]> {
  if (!existsSync(PROGRAM)) throw new Error('Build first: npm run build');
  const measureMs = SEGMENT_MS * (quick ? 1 : 3);
  const dir = await mkdtemp(join(tmpdir(), 'bench-record-'));
  const stop = new AbortController();
  say(`encoding one 2 Mbit/s clip for ${CAMERAS} cameras`);
  const simulator = await startSimulator(
    {
      cameras: Array.from({ length: CAMERAS }, (_, index) => ({
        name: `camera-${index + 1}`,
        variant: 0,
        title: 'bench',
      })),
      cacheDir: join(dir, 'clips'),
      onvif: false,
      // Noise, because a constant rate is no use when the picture needs less.
      main: { rate: 'constant', rateBps: 2_000_000, noise: 6, loopMs: 16_000 },
    },
    stop.signal,
  );
  const ours = await startOurs(dir, simulator);
  const bare = await startBare(join(dir, 'bare'), simulator);
  try {
    await awayFromBorder(SEGMENT_MS);
    const [oursBefore, bareBefore] = [await usageOf(ours.pid!), await sumOf(bare)];
    say(`measuring for ${measureMs / 60_000} minutes`);
    await systemClock.sleep(measureMs);
    const [oursAfter, bareAfter] = [await usageOf(ours.pid!), await sumOf(bare)];
    await end([ours, ...bare]);
    say('comparing frames');
    const wrong = await wrongFrames(dir);
    const perHour = (before: Usage, after: Usage) =>
      ((after.cpuSeconds - before.cpuSeconds) / CAMERAS) * (3_600_000 / measureMs);
    const megabytes = (usage: Usage, what: 'rssBytes' | 'pssBytes') => usage[what] / CAMERAS / 1e6;
    return [
      {
        ...{ metric: 'cpu', unit: 'CPU-seconds per camera-hour', better: 'lower' },
        ours: perHour(oursBefore, oursAfter),
        peers: { [PEER]: perHour(bareBefore, bareAfter) },
      },
      {
        ...{ metric: 'rss', unit: 'MB resident per camera', better: 'lower' },
        ours: megabytes(oursAfter, 'rssBytes'),
        peers: { [PEER]: megabytes(bareAfter, 'rssBytes') },
      },
      {
        ...{ metric: 'pss', unit: 'MB per camera, shared pages split', better: 'lower' },
        ours: megabytes(oursAfter, 'pssBytes'),
        peers: { [PEER]: megabytes(bareAfter, 'pssBytes') },
      },
      { metric: 'frames-wrong', unit: 'frames lost, doubled or out of order', better: 'lower', ours: wrong, peers: {} },
    ];
  } finally {
    await end([ours, ...bare]);
    stop.abort();
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function startOurs(dir: string, simulator: Simulator): Promise<ChildProcess> {
  const config = join(dir, 'nvr-uplink.yaml');
  const { username, password } = simulator.account;
  const settings = {
    storage: { dir: join(dir, 'ours'), min_free: '1MB' },
    record: { segment: `${SEGMENT_MS / 1000}s` },
    cameras: Object.fromEntries(
      simulator.cameras.map(({ name, mainUrl }) => [name, { streams: { main: mainUrl }, username, password }]),
    ),
    web: { listen: '127.0.0.1:0' },
  };
  await writeFile(config, stringify(settings), { mode: 0o600 });
  const child = spawn(process.execPath, [PROGRAM, 'run', '-c', config, '-q'], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr!.pipe(createWriteStream(join(dir, 'ours.log')));
  return child;
}

async function startBare(folder: string, simulator: Simulator): Promise<ChildProcess[]> {
  const { username, password } = simulator.account;
  return await Promise.all(
    simulator.cameras.map(async ({ name, mainUrl }) => {
      await mkdir(join(folder, name), { recursive: true });
      const url = mainUrl.replace('://', `://${username}:${encodeURIComponent(password)}@`);
      const input = ['-nostdin', '-v', 'error', '-rtsp_transport', 'tcp', '-timeout', '5000000', '-i', url];
      const output = ['-map', '0', '-c', 'copy', '-f', 'segment', '-segment_time', String(SEGMENT_MS / 1000)];
      const args = [...input, ...output, '-segment_atclocktime', '1', '-reset_timestamps', '1', '%06d.mp4'];
      return spawn('ffmpeg', args, { cwd: join(folder, name), stdio: 'ignore' });
    }),
  );
}

/** Any stretch as long as a segment holds one border of each camera, as long as no border's work is cut in two. */
async function awayFromBorder(segmentMs: number): Promise<void> {
  await systemClock.sleep(WARM_UP_MS);
  const since = systemClock.now() % segmentMs;
  if (since < SETTLED_MS) await systemClock.sleep(SETTLED_MS - since);
  else if (segmentMs - since < 2_000) await systemClock.sleep(segmentMs - since + SETTLED_MS);
}

async function sumOf(children: readonly ChildProcess[]): Promise<Usage> {
  const usages = await Promise.all(children.map((child) => usageOf(child.pid!)));
  const sum = (what: keyof Usage) => usages.reduce((total, usage) => total + usage[what], 0);
  return {
    cpuSeconds: sum('cpuSeconds'),
    rssBytes: sum('rssBytes'),
    pssBytes: sum('pssBytes'),
    processes: sum('processes'),
  };
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }),
  );
}

/** Every recorded frame must be the one that follows the frame before it in the endless loop of the clip. */
async function wrongFrames(dir: string): Promise<number> {
  const clips = (await readdir(join(dir, 'clips'), { recursive: true })).filter((name) => name.endsWith('.h264'));
  const loops = clips.map((name) => packetHashes(join(dir, 'clips', name), 'v'));
  let wrong = 0;
  for (let camera = 1; camera <= CAMERAS; camera++) {
    const recorded = (await recordedFiles(dir, `camera-${camera}`)).flatMap((file) => packetHashes(file, 'v'));
    const loop = loops.find((one) => one.includes(recorded[0]!));
    if (!loop) throw new Error(`camera-${camera} recorded something that was never sent`);
    const first = loop.indexOf(recorded[0]!);
    wrong += recorded.filter((hash, index) => hash !== loop[(first + index) % loop.length]).length;
  }
  return wrong;
}

/** In order of time: the names sort that way. */
async function recordedFiles(dir: string, camera: string): Promise<string[]> {
  const folder = join(dir, 'ours', 'spool');
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${camera}_`) && name.endsWith('.mp4'));
  if (names.length < 2) throw new Error(`${camera} has ${names.length} segments: too few to judge borders`);
  return names.sort().map((name) => join(folder, name));
}
