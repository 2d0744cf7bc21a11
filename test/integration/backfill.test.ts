import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { readFrameCounter } from '../../lib/simulator/stamp.js';
import { App } from '../../src/app.js';
import { account } from '../../src/archive/timeline.js';
import { configSchema } from '../../src/config/schema.js';
import { type FileRow, mediaEntry } from '../../src/ledger/files.js';
import { type GapRow, gapEntry } from '../../src/ledger/gaps.js';
import { until } from '../peers/until.js';

/** The network to a camera with an SD card is down for a while; what is missing is fetched from the card afterwards. */
const [WIDTH, HEIGHT, FPS, LOOP_FRAMES, GOP_MS] = [320, 180, 15, 360, 1_000];
const DOWN_MS = 8_000;
/** The camera's clock is wrong, by no whole number of anything. */
const SKEW_MS = 7_345;
let dir: string;
let simulator: Simulator;
let files: FileRow[];
let gaps: GapRow[];
/** As it was before anything was fetched. */
let gap: GapRow;
let counters: { file: FileRow; frames: number[] }[];
let known: { recorder: string; logged: string };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backfill-'));
  const stream = { width: WIDTH, height: HEIGHT, fps: FPS, gopFrames: FPS, rateBps: 400_000 };
  simulator = await startSimulator(
    {
      cameras: [{ name: 'gate', variant: 0, title: 'gate', card: true }],
      cacheDir: join(tmpdir(), 'nvr-uplink-test-clips'),
      ...{ main: stream, sub: stream },
    },
    new AbortController().signal,
  );
  const [{ camera, onvifUrl }] = simulator.cameras as [Simulator['cameras'][number]];
  camera.faults.set('clock-skew', SKEW_MS);
  const { username, password } = simulator.account;
  const recorder = join(dir, 'recorder');
  const config = configSchema.parse({
    site: 'test',
    storage: { dir: recorder, min_free: '1MB' },
    record: { segment: '5s' },
    snapshot: { every: '1h' },
    index: { every: '1s' },
    cameras: { gate: { address: new URL(onvifUrl!).host, username, password, backfill: true } },
  });
  const logged: string[] = [];
  const log = createLog({ write: (line) => logged.push(line) });
  const app = await App.open({ config, ffmpeg: await findFfmpeg(), clock: systemClock, log });
  const { ledger } = app;
  const stop = new AbortController();
  const running = app.run(stop.signal);
  const all = () => ledger.files.between('gate', 0, Number.MAX_SAFE_INTEGER).filter(({ kind }) => kind !== 'snapshot');
  const missing = () =>
    ledger.gaps.between('gate', 0, Number.MAX_SAFE_INTEGER).filter(({ cause }) => cause !== 'starting');
  try {
    await until('a segment', () => all().length > 0, 60_000);
    await camera.setFault('unreachable');
    await until('the gap', () => missing().length > 0, 60_000);
    await systemClock.sleep(DOWN_MS);
    await camera.setFault(undefined);
    await until('the end of the gap', () => missing().some(({ end }) => end !== undefined), 60_000);
    gap = missing()[0]!;
    await until('what was fetched', () => logged.some((line) => line.includes('a gap')), 90_000);
    await until('a segment after it', () => all().at(-1)!.source === 'rtsp', 60_000);
  } finally {
    stop.abort();
    await running;
  }
  const { Ledger } = await import('../../src/ledger/ledger.js');
  const after = new Ledger(join(recorder, 'ledger.db'));
  files = after.files.between('gate', 0, Number.MAX_SAFE_INTEGER).filter(({ kind }) => kind !== 'snapshot');
  gaps = after.gaps.between('gate', 0, Number.MAX_SAFE_INTEGER);
  after.close();
  counters = [];
  for (const file of files) counters.push({ file, frames: await framesIn(join(recorder, 'spool', file.name)) });
  known = { recorder, logged: logged.join('\n') };
}, 240_000);
afterAll(async () => {
  await simulator?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The number burnt into each picture of a film. */
async function framesIn(path: string): Promise<number[]> {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-an',
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    '-',
  ];
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 2 ** 28 });
  const size = WIDTH * HEIGHT;
  return Array.from({ length: stdout.length / size }, (_, n) => {
    return readFrameCounter(stdout.subarray(n * size, (n + 1) * size), WIDTH, HEIGHT) ?? Number.NaN;
  });
}

const fetched = () => files.filter(({ source }) => source === 'backfilled');

describe('a gap of a camera with an SD card', () => {
  it('is filled with what the card has, marked as that', () => {
    expect(gap.end! - gap.start).toBeGreaterThan(DOWN_MS);
    expect(fetched().length).toBeGreaterThanOrEqual(2);
    for (const { kind, codecs } of fetched()) expect([kind, codecs?.length]).toEqual(['continuous', 1]);
    const filledMs = fetched().reduce((sum, { start, end }) => sum + end - start, 0);
    const leftMs = gaps
      .filter(({ cause }) => cause === gap.cause)
      .reduce((sum, { start, end }) => sum + end! - start, 0);
    expect(filledMs + leftMs).toBe(gap.end! - gap.start);
    // Pictures from within a group cannot be shown without its first.
    expect(leftMs).toBeLessThan(GOP_MS + 100);
  });

  it('has no picture twice, and none missing but where a gap is left', () => {
    for (const { frames } of counters) expect(frames.every(Number.isInteger)).toBe(true);
    for (const [n, { file, frames }] of counters.entries()) {
      for (const [k, frame] of frames.entries()) if (k > 0) expect(frame).toBe((frames[k - 1]! + 1) % LOOP_FRAMES);
      const next = counters[n + 1];
      if (!next) continue;
      const step = (next.frames[0]! - frames.at(-1)! + LOOP_FRAMES) % LOOP_FRAMES;
      const breakMs = next.file.start - file.end;
      expect(breakMs).toBeGreaterThanOrEqual(0);
      expect(Math.abs(step - 1 - (breakMs * FPS) / 1_000), `${file.key} to ${next.file.key}`).toBeLessThan(0.5);
    }
  });

  it('leaves no millisecond unaccounted for', () => {
    const entries = [...files.map(mediaEntry), ...gaps.map((one) => gapEntry(one, 0))];
    const range = { start: files[0]!.start, end: files.at(-1)!.end };
    const { configuredMs, recordedMs, offMs, gapMs, unaccountedMs } = account(entries, range);
    expect(unaccountedMs).toBe(0);
    expect(recordedMs + offMs + gapMs).toBe(configuredMs);
    expect(configuredMs).toBe(range.end - range.start);
  });

  it('keeps nothing of it elsewhere, and says what was done without the password', () => {
    expect(existsSync(join(known.recorder, 'backfill', 'gate'))).toBe(false);
    expect(known.logged).toContain("a gap was filled from the camera's own recordings");
    expect(known.logged).not.toContain(simulator.account.password);
  });
});
