import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { WatchedClock } from '../../../lib/watched-clock.js';
import { whole } from '../../../src/ledger/gaps.js';
import { NotedClock } from '../../../src/ledger/noted-clock.js';
import { Recorder } from '../../../src/recording/recorder.js';
import type { SegmentSink } from '../../../src/recording/recorder-options.js';
import { COUNTED_BACK, UNSET } from '../../../src/recording/undated-runs.js';
import { until } from '../../peers/until.js';
import { ScriptedEngine, type Take } from '../../simulators/scripted-engine.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

type Segment = Parameters<SegmentSink['finish']>[0];

/** What the clock shows when the machine has started; it is noon. */
const BOOT = 5_000;
const HOUR = 60 * MINUTE;

let storage: Storage;
let engine: ScriptedEngine;
let clock: WatchedClock;
let stop: AbortController;
let recorder: Recorder;
let running: Promise<void>;
let segments: Segment[];
let salvaged: string[];

beforeEach(() => {
  storage = new Storage();
  storage.ledger.gaps.add('gate', NOON - 3 * HOUR, NOON - 2 * HOUR, 'silent');
  start();
});
afterEach(async () => {
  stop.abort();
  await running;
  storage.close();
});

/** The machine starts, in 1970. */
function start(): void {
  storage.clock.stepWall(BOOT - NOON);
  engine = new ScriptedEngine(() => storage.clock.monotonic());
  clock = new WatchedClock(storage.clock, () => 0);
  stop = new AbortController();
  [segments, salvaged] = [[], []];
  const { ledger, log, machine } = storage;
  const sink: SegmentSink = {
    finish: async (segment) => void segments.push(segment),
    salvage: async ({ run }) => void salvaged.push(run),
  };
  recorder = new Recorder({
    ...{ camera: 'gate', source: async () => ({ url: 'rtsp://10.0.0.5/x' }), segmentMs: MINUTE, audio: 'aac' },
    ...{
      work: join(storage.layout.work, 'gate'),
      engine,
      sink,
      ledger,
      clock,
      machine,
      log,
      firstCause: 'recorder-stopped',
    },
  });
  clock.onStep = (step) => recorder.clockStepped(step);
  running = recorder.run(stop.signal);
}

async function take(n = 0): Promise<Take> {
  await until(`connection ${n + 1}`, async () => {
    if (n > 0 && engine.takes.length <= n) await storage.clock.advance(500);
    return engine.takes.length > n;
  });
  return engine.takes[n]!;
}

async function stream(one: Take, from: number, seconds: number): Promise<void> {
  for (let n = from; n <= seconds; n++) {
    await storage.clock.advance(n > 0 ? 1_000 : 0);
    one.play({ type: 'progress', mediaMs: n * 1_000, frames: n * 15 + 1 });
    await storage.clock.advance(0);
  }
}

async function closed(one: Take, seq: number, startMs: number, endMs: number): Promise<void> {
  one.play({ type: 'segment', file: join(one.options.directory, `00000${seq}.mp4`), startMs, endMs });
  await storage.clock.advance(0);
}

/** A time server is reached: the clock shows what it is. */
function set(): void {
  storage.clock.stepWall(NOON - BOOT);
  clock.now();
}

const broken = (message: string) => new Failure(message, { kind: 'transient', code: 'stream-ended' });
const times = () => segments.map(({ start, end }) => [start - NOON, end - NOON]);
const gaps = () =>
  whole(storage.ledger.gaps.between('gate', 0, NOON * 2))
    .map(({ start, end, cause }) => [start - NOON, end && end - NOON, cause])
    .filter(([, , cause]) => cause !== 'silent');
const steps = () => storage.ledger.clockSteps.between('gate', 0, Number.MAX_SAFE_INTEGER);

it('what is recorded before the clock is set waits for its time, and nothing is noted of 1970', async () => {
  const one = await take();
  await stream(one, 0, 20);
  await closed(one, 0, 0, 10_000);
  await closed(one, 1, 10_000, 18_000);
  expect(segments).toEqual([]);
  expect(gaps()).toEqual([]);
  expect(recorder.state).toMatchObject({ recording: true, note: UNSET });
  set();
  expect(times()).toEqual([
    [0, 10_000],
    [10_000, 18_000],
  ]);
  expect(segments.map(({ seq }) => seq)).toEqual([0, 1]);
  // From what the ledger knows to the first picture, and the archive is told how that is known.
  expect(gaps()).toEqual([[-2 * HOUR, 0, 'recorder-stopped']]);
  expect(storage.ledger.gaps.between('gate', NOON - HOUR, NOON)[0]!.detail).toBe(COUNTED_BACK);
  expect(steps()).toEqual([]);
  expect(recorder.state.note).toBeUndefined();
  await stream(one, 21, 24);
  await closed(one, 2, 18_000, 24_000);
  expect(times().at(-1)).toEqual([18_000, 24_000]);
});

it('a clock that is set before it is known when the run began dates it all the same', async () => {
  const one = await take();
  await stream(one, 0, 1);
  set();
  await stream(one, 2, 12);
  await closed(one, 0, 0, 10_000);
  expect(times()).toEqual([[0, 10_000]]);
  expect(gaps()).toEqual([[-2 * HOUR, 0, 'recorder-stopped']]);
  expect(steps()).toEqual([]);
});

it('a clock that is set to another time of 1970 first is not set', async () => {
  const one = await take();
  await stream(one, 0, 5);
  storage.clock.stepWall(HOUR);
  clock.now();
  await stream(one, 6, 12);
  await closed(one, 0, 0, 10_000);
  expect(segments).toEqual([]);
  storage.clock.stepWall(-HOUR);
  set();
  expect(times()).toEqual([[0, 10_000]]);
  expect(steps()).toEqual([]);
});

it('connections that broke meanwhile keep their order, with the gaps between them', async () => {
  const one = await take();
  await stream(one, 0, 10);
  await closed(one, 0, 0, 10_000);
  one.play(broken('the stream ended'));
  const two = await take(1);
  const secondAt = storage.clock.monotonic();
  await stream(two, 0, 6);
  await closed(two, 0, 0, 5_000);
  two.play(broken('it ended again'));
  await until('the end of it', () => !recorder.state.recording);
  const endedAt = secondAt + 5_000;
  await storage.clock.advance(0);
  expect([segments, salvaged, gaps()]).toEqual([[], [], []]);
  set();
  expect(times()).toEqual([
    [0, 10_000],
    [secondAt, endedAt],
  ]);
  expect(secondAt).toBeGreaterThan(10_000);
  expect(gaps()).toEqual([
    [-2 * HOUR, 0, 'recorder-stopped'],
    [10_000, secondAt, 'stream-ended'],
    [endedAt, undefined, 'stream-ended'],
  ]);
  // What was cut off is looked for only now.
  expect(salvaged).toHaveLength(2);
  expect(new Set(segments.map(({ file }) => file)).size).toBe(2);
});

it('where nobody sets it for ten minutes times are those it shows, and the index says so', async () => {
  const one = await take();
  await stream(one, 0, 12);
  await closed(one, 0, 0, 12_000);
  for (let n = 1; n <= 10; n++) {
    expect(segments).toEqual([]);
    await stream(one, n * 60 - 47, n * 60 + 12);
    await closed(one, n, n * 60_000 - 48_000, n * 60_000 + 12_000);
  }
  expect(segments).toHaveLength(11);
  expect(segments[0]).toMatchObject({ start: BOOT, end: BOOT + 12_000 });
  expect(steps()).toMatchObject([{ before: NOON - 2 * HOUR, after: BOOT }]);
  expect(recorder.state.note).toBeUndefined();
  set();
  await stream(one, 613, 620);
  await closed(one, 11, 612_000, 620_000);
  expect(steps()).toHaveLength(2);
});

it('a stop leaves everything where the next start finds it, with the time the clock showed', async () => {
  const one = await take();
  await stream(one, 0, 12);
  await closed(one, 0, 0, 10_000);
  stop.abort();
  await running;
  expect([segments, salvaged, gaps(), steps()]).toEqual([[], [], [], []]);
  const run = one.options.directory.split('/').at(-1)!;
  expect(storage.ledger.runs.get(run)!.anchor).toBe(BOOT);
});

describe('a clock that was set already since the machine started, and then to 1970 while no recorder ran', () => {
  beforeEach(async () => {
    stop.abort();
    await running;
    storage.close();
    storage = new Storage();
    storage.ledger.gaps.add('gate', NOON - 3 * HOUR, NOON - 2 * HOUR, 'silent');
    new NotedClock(storage.ledger, storage.machine, 'gate').follow(NOON);
    await storage.clock.advance(MINUTE);
    start();
  });

  it('is right again when it is set to what it would show', async () => {
    const one = await take();
    await stream(one, 0, 20);
    await closed(one, 0, 0, 18_000);
    storage.clock.stepWall(NOON - BOOT);
    clock.now();
    expect(steps()).toEqual([]);
    expect(times()).toEqual([[MINUTE, MINUTE + 18_000]]);
    expect(gaps()).toEqual([[-2 * HOUR, MINUTE, 'recorder-stopped']]);
  });

  it('is known to be another one where it is set to another time: the gap is as long as it was', async () => {
    const one = await take();
    await stream(one, 0, 20);
    await closed(one, 0, 0, 18_000);
    storage.clock.stepWall(NOON - BOOT + HOUR);
    clock.now();
    expect(steps()).toMatchObject([{ before: NOON + MINUTE, after: NOON + HOUR + MINUTE }]);
    expect(times()).toEqual([[HOUR + MINUTE, HOUR + MINUTE + 18_000]]);
    expect(gaps()).toEqual([[-2 * HOUR, MINUTE, 'recorder-stopped']]);
  });
});
