import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { account } from '../../../src/archive/timeline.js';
import { Schedule, schedule } from '../../../src/config/schedule.js';
import { gapEntry } from '../../../src/ledger/gaps.js';
import { offEntry } from '../../../src/ledger/offs.js';
import { RecordingPlan } from '../../../src/recording/plan.js';
import { Recorder } from '../../../src/recording/recorder.js';
import type { SegmentSink } from '../../../src/recording/recorder-options.js';
import { until } from '../../peers/until.js';
import { segment as entry } from '../../simulators/entries.js';
import { ScriptedEngine } from '../../simulators/scripted-engine.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

let storage: Storage;
let engine: ScriptedEngine;
let stop: AbortController;
let running: Promise<void>;
let segments: Parameters<SegmentSink['finish']>[0][];

beforeEach(() => {
  storage = new Storage();
  engine = new ScriptedEngine(() => storage.clock.monotonic());
  stop = new AbortController();
  segments = [];
  running = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await running;
  storage.close();
});

function start(rules: string | undefined, otherwise: 'motion' | 'off' | 'continuous' = 'off'): Recorder {
  const { ledger, clock, log, machine } = storage;
  const sink: SegmentSink = { finish: async (one) => void segments.push(one), salvage: async () => undefined };
  const plan = new RecordingPlan({
    schedule: new Schedule(rules === undefined ? undefined : schedule.parse(rules), otherwise, 'UTC'),
    ...{ preRollMs: 5_000, postRollMs: 10_000, memoryBytes: 2 ** 20, clock },
    watcher: { blind: false, follow: () => () => undefined },
  });
  const recorder = new Recorder({
    ...{ camera: 'gate', source: async () => ({ url: 'rtsp://10.0.0.5/x' }), segmentMs: 15 * MINUTE, audio: 'aac' },
    ...{
      work: join(storage.layout.work, 'gate'),
      engine,
      sink,
      ledger,
      clock,
      machine,
      log,
      firstCause: 'starting',
      plan,
    },
  });
  running = recorder.run(stop.signal);
  return recorder;
}
const take = async (n = 0) => {
  await until(`connection ${n + 1}`, () => engine.takes.length > n);
  return engine.takes[n]!;
};
const offs = () => storage.ledger.offs.between('gate', 0, NOON * 2);
const times = () => offs().map(({ start, end, reason }) => [start - NOON, end - NOON, reason]);
const gaps = () =>
  storage.ledger.gaps
    .between('gate', 0, NOON * 2)
    .map(({ start, end, cause }) => [start - NOON, end && end - NOON, cause]);
async function frames(n: number, fromMs: number, toMs: number): Promise<void> {
  for (let mediaMs = fromMs; mediaMs <= toMs; mediaMs += 1_000) {
    if (mediaMs > fromMs) await storage.clock.advance(1_000);
    engine.takes[n]!.play({ type: 'progress', mediaMs, frames: 1 });
    await storage.clock.advance(0);
  }
}
/** Time passes, and whoever works on files meanwhile is done before it goes on. */
async function pass(ms: number): Promise<void> {
  await storage.clock.advance(ms);
  await until('everyone to wait', () => storage.clock.sleeping > 0);
}
const told = (n: number, type: 'keeping' | 'idle', fromMs: number) => engine.takes[n]!.play({ type, fromMs });
/** Nothing that is configured is unaccounted for, whatever else. */
function unaccounted(range: { start: number; end: number }) {
  const { ledger, clock } = storage;
  const entries = [
    ...segments.map((one) => entry('gate', one.start, one.end)),
    ...offs().map(offEntry),
    ...ledger.gaps.between('gate', 0, NOON * 2).map((gap) => gapEntry(gap, clock.now())),
  ];
  return account(entries, range).unaccounted;
}

describe('a recorder that keeps only motion', () => {
  it('accounts for the time in which nothing moved, and for each file with the same borders', async () => {
    const recorder = start('motion');
    const one = await take();
    expect(one.options.gate).toBeDefined();
    one.play({ type: 'gated', newest: () => Buffer.from('mp4') });
    told(0, 'idle', 0);
    await frames(0, 0, 30_000);
    expect(recorder.state).toMatchObject({ recording: true, idle: true });
    expect(recorder.state.newest!()!.toString()).toBe('mp4');
    expect(gaps()).toEqual([]);
    told(0, 'keeping', 24_000);
    await frames(0, 30_000, 50_000);
    expect(recorder.state.idle).toBe(false);
    told(0, 'idle', 50_000);
    one.play({ type: 'segment', file: '000000.mp4', startMs: 24_000, endMs: 50_000 });
    await frames(0, 50_000, 80_000);
    const { start: from, end: to } = segments[0]!;
    expect(to - from).toBe(26_000);
    expect(times()).toEqual([
      [0, from - NOON, 'no-motion'],
      [to - NOON, expect.any(Number), 'no-motion'],
    ]);
    stop.abort();
    await running;
    // Off for as long as something came, and no longer.
    expect(times().at(-1)![1]).toBe(80_000);
    expect(unaccounted({ start: NOON, end: storage.clock.now() })).toEqual([]);
  });

  it('has one time for each border, though the camera is found to run slow meanwhile', async () => {
    start('motion');
    const one = await take();
    told(0, 'idle', 0);
    await frames(0, 0, 10_000);
    told(0, 'keeping', 10_000);
    for (let n = 1; n <= 150; n++) {
      await storage.clock.advance(1_000);
      one.play({ type: 'progress', mediaMs: 10_000 + n * 999.6, frames: n });
      await storage.clock.advance(0);
    }
    told(0, 'idle', 159_940);
    one.play({ type: 'segment', file: '000000.mp4', startMs: 10_000, endMs: 159_940 });
    await until('the file', () => segments.length > 0);
    const { start: from, end } = segments[0]!;
    await until('time off again', () => offs().length > 1);
    expect(offs().map((off) => [off.start, off.end])).toEqual([
      [NOON, from],
      [end, expect.any(Number)],
    ]);
    // Our clock counts 150 s where the camera's counts a little less.
    expect(end - from).toBeGreaterThan(149_950);
  });

  it('notes a gap, and no time off, from where the stream broke', async () => {
    start('motion');
    const one = await take();
    told(0, 'idle', 0);
    await frames(0, 0, 20_000);
    one.play(new Failure('gone', { kind: 'transient', code: 'unreachable' }));
    await until('the gap', () => gaps().length > 0);
    expect(times()).toEqual([[0, 20_000, 'no-motion']]);
    expect(gaps()).toEqual([[20_000, undefined, 'unreachable']]);
    await storage.clock.advance(10_000);
    await take(1);
    told(1, 'idle', 0);
    await frames(1, 0, 10_000);
    expect(gaps()[0]![1]).toBe(times()[1]![0]);
    expect(unaccounted({ start: NOON, end: NOON + 30_000 })).toEqual([]);
  });

  it('is known to have been off up to the last few seconds after a crash', async () => {
    start('motion');
    await take();
    told(0, 'idle', 0);
    await frames(0, 0, 60_000);
    const { end } = offs()[0]!;
    expect(end - NOON).toBeGreaterThanOrEqual(50_000);
    expect(offs()[0]).toMatchObject({ lasts: true });
  });

  it('cuts time off in two where the clock is set', async () => {
    const recorder = start('motion');
    await take();
    told(0, 'idle', 0);
    await frames(0, 0, 20_000);
    storage.clock.stepWall(3_600_000);
    recorder.clockStepped({ at: storage.clock.now(), byMs: 3_600_000 });
    await frames(0, 20_000, 40_000);
    expect(times().map(([from]) => from)).toEqual([0, 3_600_000 + 20_000]);
    expect(times()[0]![1]).toBe(20_000);
  });

  it('says so where everything is recorded because the engine cannot wait for motion', async () => {
    const recorder = start('motion');
    const one = await take();
    await frames(0, 0, 10_000);
    expect(recorder.state.note).toMatch(/recorded all the time: only ffmpeg/);
    one.play({ type: 'segment', file: '000000.mp4', startMs: 0, endMs: 10_000 });
    await until('the file', () => segments.length > 0);
    expect(times()).toEqual([]);
  });
});

describe('a recorder with a schedule', () => {
  it('leaves a camera alone that is off, connects in time, and goes when it is over', async () => {
    const recorder = start('12:10-12:20 continuous');
    await storage.clock.advance(9 * MINUTE);
    const offUntil = NOON + 10 * MINUTE;
    expect(recorder.state).toMatchObject({ off: true, offUntil, reason: 'recording is off by schedule' });
    expect(engine.takes).toHaveLength(0);
    await storage.clock.advance(MINUTE - 15_000);
    const one = await take();
    expect(storage.clock.now() - NOON).toBe(10 * MINUTE - 15_000);
    told(0, 'idle', 0);
    await frames(0, 0, 15_000);
    told(0, 'keeping', 14_000);
    await frames(0, 15_000, 20_000);
    expect(gaps()).toEqual([]);
    expect(times()).toEqual([[0, 10 * MINUTE - 1_000, 'schedule']]);
    await frames(0, 20_000, 10 * MINUTE + 16_000);
    told(0, 'idle', 10 * MINUTE + 15_000);
    one.play({ type: 'segment', file: '000000.mp4', startMs: 14_000, endMs: 10 * MINUTE + 15_000 });
    await frames(0, 10 * MINUTE + 16_000, 10 * MINUTE + 20_000);
    await storage.clock.advance(2_000);
    await until('the camera to be let go', () => one.isOver);
    await storage.clock.advance(5 * MINUTE);
    expect(engine.takes).toHaveLength(1);
    expect(recorder.state).toMatchObject({ off: true, recording: false });
    expect(times()[1]).toEqual([20 * MINUTE, expect.any(Number), 'schedule']);
    expect(unaccounted({ start: NOON, end: storage.clock.now() - 70_000 })).toEqual([]);
    expect(gaps()).toEqual([]);
  });

  it('calls it a gap only from when it was to record, if the camera is not there', async () => {
    start('12:01-12:20 continuous');
    engine.refuse = new Failure('no route', { kind: 'transient', code: 'unreachable' });
    await until('the gap', async () => {
      if (gaps().length === 0) await pass(5_000);
      return gaps().length > 0;
    });
    const [[from, to, cause]] = gaps() as [[number, number | undefined, string]];
    expect([to, cause]).toEqual([undefined, 'unreachable']);
    expect(from).toBe(MINUTE);
    expect(times()).toEqual([[0, MINUTE, 'schedule']]);
  });

  it('is off for good where the configuration says so, also over a stop', async () => {
    const recorder = start(undefined, 'off');
    await storage.clock.advance(10 * MINUTE);
    expect(recorder.state.reason).toBe('recording is off in the configuration');
    expect(recorder.state.offUntil).toBeUndefined();
    stop.abort();
    await running;
    expect(times()).toEqual([[0, 10 * MINUTE, 'mode']]);
    storage.ledger.offs.closeAbandoned();
    await storage.clock.advance(MINUTE);
    stop = new AbortController();
    start(undefined, 'off');
    await storage.clock.advance(MINUTE);
    expect(gaps()).toEqual([]);
    expect(unaccounted({ start: NOON, end: NOON + 12 * MINUTE })).toEqual([]);
  });
});
