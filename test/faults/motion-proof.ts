import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { type RunningCamera, startSimulator } from '../../lib/simulator/simulator.js';
import { App } from '../../src/app.js';
import { account } from '../../src/archive/timeline.js';
import { configSchema } from '../../src/config/schema.js';
import { type FileRow, mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { offEntry } from '../../src/ledger/offs.js';
import { until } from '../peers/until.js';

const PRE_MS = 2_000;
const POST_MS = 2_000;
/** Files of one recording join within this. */
const JOIN_MS = 150;
const CAMERAS_AT_MOST = 10;
const STREAM = { width: 160, height: 90, fps: 10, loopMs: 12_800, gopFrames: 8, rateBps: 200_000 };

interface MotionEvent {
  camera: string;
  /** UTC milliseconds of the first and the last moment at which something moved. */
  start: number;
  end: number;
}

export interface MotionReport {
  events: number;
  /** How long before its first moving frame a recording begins, and how long after its last one it ends: the least. */
  leastPreMs: number;
  leastPostMs: number;
  /** Of all the time watched, what was recorded. */
  share: number;
  violations: string[];
}

/** Real cameras' worth of ONVIF events at random phases of their groups of pictures, and what became of each. */
export async function motionProof(size: number, note: (line: string) => void = () => undefined): Promise<MotionReport> {
  const dir = await mkdtemp(join(tmpdir(), 'motion-proof-'));
  const count = Math.min(CAMERAS_AT_MOST, size);
  const names = Array.from({ length: count }, (_, n) => `cam${n}`);
  const cameras = names.map((name) => ({ name, title: 'x', variant: 0 }));
  const rest = { cacheDir: join(dir, 'clips'), main: STREAM, sub: STREAM };
  const simulator = await startSimulator({ cameras, ...rest }, new AbortController().signal);
  try {
    for (const { camera } of simulator.cameras) camera.motion.force([]);
    const app = await open(dir, simulator.account, simulator.cameras);
    const stopping = new AbortController();
    const running = app.run(stopping.signal);
    let report: MotionReport;
    try {
      report = await watched(app, simulator.cameras, size, note);
    } finally {
      stopping.abort();
      await running;
    }
    return report;
  } finally {
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function open(
  dir: string,
  { username, password }: { username: string; password: string },
  cameras: readonly RunningCamera[],
) {
  const config = configSchema.parse({
    storage: { dir: join(dir, 'recorder'), min_free: '1MB' },
    record: { mode: 'motion', segment: '10s', pre_roll: `${PRE_MS}ms`, post_roll: `${POST_MS}ms` },
    motion: { sources: ['onvif'] },
    cameras: Object.fromEntries(
      cameras.map(({ name, mainUrl, camera }) => [
        name,
        { address: camera.deviceUrl, streams: { main: mainUrl }, username, password },
      ]),
    ),
  });
  const log = createLog({ level: 'silent' });
  return await App.open({ config, ffmpeg: await findFfmpeg(), clock: systemClock, log });
}

async function watched(
  app: App,
  cameras: readonly RunningCamera[],
  size: number,
  note: (line: string) => void,
): Promise<MotionReport> {
  const names = cameras.map(({ name }) => name);
  // Until somebody listens to the events, everything is recorded.
  const idle = () => names.every((name) => app.recorder(name)?.state.idle === true);
  await until('all cameras to wait for motion', idle, 120_000);
  const since = systemClock.now();
  // A camera just connected to has sent nothing yet that could be kept of the time before.
  await systemClock.sleep(2 * PRE_MS);
  const turns = await Promise.all(
    cameras.map((camera, n) => moves(camera, Math.floor(size / names.length) + (n < size % names.length ? 1 : 0))),
  );
  const events = turns.flat();
  note(`${events.length} events have passed`);
  await until('all recordings to end', idle, 60_000);
  const until_ = systemClock.now();
  // What never is, the verdict names.
  const whole = (name: string) => accountOf(app.ledger, name, { start: since, end: until_ }).unaccounted.length === 0;
  await until('all files to be sealed', () => names.every(whole), 60_000).catch(() => undefined);
  return await judge(app, events, { start: since, end: until_ });
}

/** Something moves before one camera, again and again: for a moment or a while, close to the last time or far from it. */
async function moves({ name, camera }: RunningCamera, times: number): Promise<MotionEvent[]> {
  const events: MotionEvent[] = [];
  for (let n = 0; n < times; n++) {
    await systemClock.sleep(1_000 + Math.random() * 12_000);
    const start = systemClock.now();
    camera.motion.force(['person']);
    await systemClock.sleep(500 + Math.random() * 4_000);
    camera.motion.force([]);
    events.push({ camera: name, start, end: systemClock.now() });
  }
  return events;
}

async function judge(
  app: App,
  events: readonly MotionEvent[],
  range: { start: number; end: number },
): Promise<MotionReport> {
  const violations: string[] = [];
  let [leastPreMs, leastPostMs, recordedMs, watchedMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  for (const { camera, start, end } of events) {
    const around = recordingAround(filesOf(app.ledger, camera), start);
    const [preMs, postMs] = around ? [start - around.start, around.end - end] : [-1, -1];
    leastPreMs = Math.min(leastPreMs, preMs);
    leastPostMs = Math.min(leastPostMs, postMs);
    const at = `${camera} ${new Date(start).toISOString()}`;
    if (!around) violations.push(`${at}: lost`);
    else if (preMs < PRE_MS) violations.push(`${at}: begins ${preMs} ms before`);
    else if (postMs < POST_MS) violations.push(`${at}: ends ${postMs} ms after`);
  }
  for (const camera of new Set(events.map((event) => event.camera))) {
    violations.push(...(await wholeness(app, filesOf(app.ledger, camera))));
    const sums = accountOf(app.ledger, camera, range);
    recordedMs += sums.recordedMs;
    watchedMs += sums.configuredMs;
    for (const { start, end } of sums.unaccounted)
      violations.push(`${camera}: ${end - start} ms are not accounted for`);
    if (sums.gapMs > 0) violations.push(`${camera}: ${sums.gapMs} ms of gaps`);
  }
  if (recordedMs === watchedMs) violations.push('everything was recorded');
  return { events: events.length, leastPreMs, leastPostMs, share: recordedMs / watchedMs, violations };
}

/** Each file is as long as the ledger says, and is called what it is. */
async function wholeness(app: App, files: readonly FileRow[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind, start, end, camera } of files) {
    const media = await describeMp4(join(app.spool.layout.ready, name));
    if (!media || Math.abs(media.durationMs - (end - start)) > JOIN_MS) {
      found.push(`${name} lasts ${media?.durationMs} ms, not ${end - start}`);
    }
    if (kind !== (app.ledger.motion.within({ camera, start, end }) ? 'motion' : kind))
      found.push(`${name} holds motion`);
  }
  return found;
}

function filesOf(ledger: Ledger, camera: string): FileRow[] {
  const all = ledger.files.between(camera, 3_700_000, Number.MAX_SAFE_INTEGER / 2);
  return all.filter(({ kind }) => kind !== 'snapshot');
}

/** The recording, of one file or several that join, which holds a moment. */
function recordingAround(files: readonly FileRow[], moment: number): { start: number; end: number } | undefined {
  const runs: { start: number; end: number }[] = [];
  for (const { start, end } of files) {
    const last = runs.at(-1);
    if (last && start - last.end <= JOIN_MS) last.end = Math.max(last.end, end);
    else runs.push({ start, end });
  }
  return runs.find(({ start, end }) => start <= moment && moment < end);
}

function accountOf(ledger: Ledger, camera: string, range: { start: number; end: number }) {
  const entries = [
    ...filesOf(ledger, camera).map(mediaEntry),
    ...ledger.offs.between(camera, range.start, range.end).map(offEntry),
    ...ledger.gaps.between(camera, range.start, range.end).map((gap) => gapEntry(gap, range.end)),
  ];
  // Time off is known up to a few seconds ago.
  const end = Math.min(range.end, ledger.coveredUntil(camera) ?? 0);
  return account(entries, { start: range.start, end });
}
