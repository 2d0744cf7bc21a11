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
import { requirePeers } from './peers.js';
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

/** For the borders alone: so short that each engine makes more than 200 of them in little more than a minute. */
const SHORT_SEGMENT_MS = 5_000;
const BORDERS_MS = 70_000;
const LEAST_BORDERS = 200;

/** The engines measured; the goals of the default one have no suffix. */
const ENGINES = { auto: '', ffmpeg: '-ffmpeg' } as const;
type Engine = keyof typeof ENGINES;

/**
 * One recorder with 16 cameras of 2 Mbit/s for each engine beside 16 bare `ffmpeg -f segment` on the same streams at the same
 * time. Ours counts whole: service, its ffmpegs, sealing, hashing, snapshots, pages. Over whole segments of five minutes. Then both
 * once more with short ones, for frames at more than 200 borders.
 */
export async function run({ quick, say }: BenchOptions): Promise<Measured[]> {
  requirePeers('record');
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
  const engines = Object.keys(ENGINES) as Engine[];
  const ours = await Promise.all(engines.map((engine) => startOurs(dir, simulator, engine)));
  const bare = await startBare(join(dir, 'bare'), simulator);
  try {
    await awayFromBorder(SEGMENT_MS);
    const usages = () => Promise.all([sumOf(bare), ...ours.map((one) => usageOf(one.pid!))]);
    const before = await usages();
    say(`measuring for ${measureMs / 60_000} minutes`);
    await systemClock.sleep(measureMs);
    const after = await usages();
    await end([...ours, ...bare]);
    say('comparing frames');
    const wrong = await Promise.all(engines.map((engine) => wrongFrames(dir, engine)));
    say(`cutting files of ${SHORT_SEGMENT_MS / 1_000} s for ${BORDERS_MS / 1_000} s`);
    const borders = await atBorders(dir, simulator, engines);
    say(engines.map((engine, n) => `${engine}: ${borders[n]!.borders} borders`).join(', '));
    const perHour = (index: number) =>
      ((after[index]!.cpuSeconds - before[index]!.cpuSeconds) / CAMERAS) * (3_600_000 / measureMs);
    const megabytes = (index: number, what: 'rssBytes' | 'pssBytes') => after[index]![what] / CAMERAS / 1e6;
    return engines.flatMap((engine, index): Measured[] => {
      const row = (metric: string, unit: string, of: (index: number) => number): Measured => ({
        ...{ metric: metric + ENGINES[engine], unit: `${unit} (engine ${engine})`, better: 'lower' },
        ...{ ours: of(index + 1), peers: { [PEER]: of(0) } },
      });
      return [
        row('cpu', 'CPU-seconds per camera-hour', perHour),
        row('rss', 'MB resident per camera', (one) => megabytes(one, 'rssBytes')),
        row('pss', 'MB per camera, shared pages split', (one) => megabytes(one, 'pssBytes')),
        {
          ...row('frames-wrong', 'frames lost, doubled or out of order', () => wrong[index]! + borders[index]!.wrong),
          peers: {},
        },
      ];
    });
  } finally {
    await end([...ours, ...bare]);
    stop.abort();
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** What is wrong at many borders of each engine. Rejects where there were too few to say so. */
export async function atBorders(
  root: string,
  simulator: Simulator,
  engines: readonly Engine[],
): Promise<{ borders: number; wrong: number }[]> {
  const dir = join(root, 'borders');
  await mkdir(dir);
  const children = await Promise.all(engines.map((engine) => startOurs(dir, simulator, engine, SHORT_SEGMENT_MS)));
  await systemClock.sleep(WARM_UP_MS + BORDERS_MS);
  await end(children);
  const found: { borders: number; wrong: number }[] = [];
  for (const engine of engines) {
    let borders = 0;
    for (const { name } of simulator.cameras) borders += (await recordedFiles(join(dir, engine), name)).length - 1;
    if (borders < LEAST_BORDERS) throw new Error(`only ${borders} borders were made by engine ${engine}`);
    found.push({ borders, wrong: await wrongFrames(dir, engine, join(root, 'clips')) });
  }
  return found;
}

async function startOurs(
  dir: string,
  simulator: Simulator,
  engine: Engine,
  segmentMs = SEGMENT_MS,
): Promise<ChildProcess> {
  const config = join(dir, `${engine}.yaml`);
  const { username, password } = simulator.account;
  const settings = {
    storage: { dir: join(dir, engine), min_free: '1MB' },
    record: { segment: `${segmentMs / 1000}s`, engine },
    cameras: Object.fromEntries(
      simulator.cameras.map(({ name, mainUrl }) => [name, { streams: { main: mainUrl }, username, password }]),
    ),
    web: { listen: '127.0.0.1:0' },
  };
  await writeFile(config, stringify(settings), { mode: 0o600 });
  const child = spawn(process.execPath, [PROGRAM, 'run', '-c', config, '-q'], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr!.pipe(createWriteStream(join(dir, `${engine}.log`)));
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
async function wrongFrames(dir: string, engine: Engine, clips = join(dir, 'clips')): Promise<number> {
  const names = (await readdir(clips, { recursive: true })).filter((name) => name.endsWith('.h264'));
  const loops = names.map((name) => packetHashes(join(clips, name), 'v'));
  let wrong = 0;
  for (let camera = 1; camera <= CAMERAS; camera++) {
    const recorded = (await recordedFiles(join(dir, engine), `camera-${camera}`)).flatMap((file) =>
      packetHashes(file, 'v'),
    );
    const loop = loops.find((one) => one.includes(recorded[0]!));
    if (!loop) throw new Error(`camera-${camera} recorded something that was never sent`);
    const first = loop.indexOf(recorded[0]!);
    wrong += recorded.filter((hash, index) => hash !== loop[(first + index) % loop.length]).length;
  }
  return wrong;
}

/** In order of time: the names sort that way. */
async function recordedFiles(dir: string, camera: string): Promise<string[]> {
  const folder = join(dir, 'spool');
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${camera}_`) && name.endsWith('.mp4'));
  if (names.length < 2) throw new Error(`${camera} has ${names.length} segments: too few to judge borders`);
  return names.sort().map((name) => join(folder, name));
}
