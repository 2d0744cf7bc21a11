import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from '../../../src/recording/engine.js';
import { Recorder, type SegmentSink } from '../../../src/recording/recorder.js';
import type { GapCause } from '../../../src/segment.js';
import { until } from '../../peers/until.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

type Segment = Parameters<SegmentSink['finish']>[0];

/** One connection as a test plays it: what it says, until it is ended. */
class Take {
  readonly #queue: (EngineEvent | Error | 'end')[] = [];
  #wake: () => void = () => undefined;
  constructor(readonly options: RecordOptions) {}

  play(next: EngineEvent | Error | 'end'): void {
    this.#queue.push(next);
    this.#wake();
  }

  async *events(signal: AbortSignal): AsyncGenerator<EngineEvent> {
    signal.addEventListener('abort', () => this.#wake());
    while (true) {
      const next = this.#queue.shift();
      if (next instanceof Error) throw next;
      if (next === 'end') return;
      if (next) yield next;
      else if (signal.aborted) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

class ScriptedEngine implements RecordingEngine {
  readonly takes: Take[] = [];
  readonly startedAt: number[] = [];
  /** What connections end with at once. */
  refuse: Error | undefined;
  constructor(readonly monotonic: () => number) {}

  record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const take = new Take(options);
    this.takes.push(take);
    this.startedAt.push(this.monotonic());
    if (this.refuse) take.play(this.refuse);
    return take.events(signal);
  }
}

let storage: Storage;
let engine: ScriptedEngine;
let stop: AbortController;
let running: Promise<void>;
let segments: Segment[];
let salvaged: string[];

beforeEach(() => {
  storage = new Storage();
  engine = new ScriptedEngine(() => storage.clock.monotonic());
  stop = new AbortController();
  [segments, salvaged] = [[], []];
  running = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await running;
  vi.restoreAllMocks();
  storage.close();
});

function start(firstCause: GapCause = 'starting'): Recorder {
  const { ledger, clock, log } = storage;
  const sink: SegmentSink = {
    finish: async (segment) => void segments.push(segment),
    salvage: async ({ run }) => void salvaged.push(run),
  };
  const work = join(storage.layout.work, 'gate');
  const source = { url: 'rtsp://10.0.0.5/x', username: 'u', password: 'CANARY' };
  const options = { camera: 'gate', source, segmentMs: MINUTE, audio: 'aac' as const, work };
  const recorder = new Recorder({ ...options, engine, sink, ledger, clock, log, firstCause });
  running = recorder.run(stop.signal);
  return recorder;
}

const take = async (n = 0) => {
  await until(`connection ${n + 1}`, () => engine.takes.length > n);
  return engine.takes[n]!;
};
const gaps = () =>
  storage.ledger.gaps
    .between('gate', 0, NOON * 2)
    .map(({ start, end, cause }) => [start - NOON, end && end - NOON, cause]);
const unreachable = () =>
  new Failure('Connection refused', { kind: 'transient', code: 'unreachable', hint: 'Check the power.' });

/** `seconds` of frames, from a second of media on. Returns when the first of them came. */
async function stream(
  one: Take,
  seconds: number,
  { from = 0, bornMs = storage.clock.monotonic() } = {},
): Promise<number> {
  for (let n = from; n <= from + seconds; n++) {
    await storage.clock.advance(n > 0 ? 1_000 : 0);
    one.play({ type: 'progress', mediaMs: n * 1_000, frames: n * 15 + 1 });
    await storage.clock.advance(0);
  }
  return bornMs;
}
/** Time passes, and whoever works on files meanwhile is done before it goes on. */
async function pass(ms: number): Promise<void> {
  await storage.clock.advance(ms);
  await until('everyone to wait', () => storage.clock.sleeping > 0);
}
const segment = (one: Take, startMs: number, endMs: number, seq = 0) =>
  one.play({ type: 'segment', file: join(one.options.directory, `00000${seq}.mp4`), startMs, endMs });

describe('a recorder', () => {
  it('gives each connection a folder, a run, and what the camera needs', async () => {
    const recorder = start();
    const one = await take();
    expect(existsSync(one.options.directory)).toBe(true);
    expect(one.options).toMatchObject({ segmentMs: MINUTE, audio: 'aac', source: { password: 'CANARY' } });
    expect(recorder.state).toMatchObject({ recording: false, directory: one.options.directory });
    const run = one.options.directory.split('/').at(-1)!;
    expect(storage.ledger.runs.get(run)).toMatchObject({ camera: 'gate', startedAt: NOON, anchor: undefined });
    await stream(one, 1);
    expect(recorder.state).toMatchObject({ recording: true, reason: undefined, lastFrameAt: NOON + 1_000 });
  });

  it('closes the gap where the run began, once that is known for certain', async () => {
    storage.ledger.gaps.add('gate', NOON - MINUTE, NOON - 30_000, 'silent');
    start('recorder-crashed');
    const one = await take();
    await storage.clock.advance(700);
    await stream(one, 2);
    expect(gaps().at(-1)).toEqual([-30_000, undefined, 'recorder-crashed']);
    await stream(one, 2, { from: 3 });
    expect(gaps().at(-1)).toEqual([-30_000, 700, 'recorder-crashed']);
    const run = one.options.directory.split('/').at(-1)!;
    expect(storage.ledger.runs.get(run)!.anchor).toBe(NOON + 700);
  });

  it('joins the segments of a run exactly, whatever drift does to its clock', async () => {
    start();
    const one = await take();
    await stream(one, 60);
    segment(one, 0, 60_016.7, 0);
    // The camera's clock runs behind from here on: frames come later and later.
    for (let n = 61; n <= 200; n++) {
      await storage.clock.advance(1_000);
      one.play({ type: 'progress', mediaMs: n * 1_000 - (n - 60), frames: n * 15 });
    }
    segment(one, 60_016.7, 120_050, 1);
    segment(one, 120_050, 180_033.3, 2);
    await until('the segments', () => segments.length === 3);
    expect(segments.map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect(segments[0]!.start).toBe(NOON);
    expect(segments[1]!.start).toBe(segments[0]!.end);
    expect(segments[2]!.start).toBe(segments[1]!.end);
    expect(segments[2]!.end - NOON).toBeGreaterThan(180_033.3);
    expect(segments.every(({ camera, run }) => camera === 'gate' && one.options.directory.endsWith(run))).toBe(true);
  });

  it('keeps a break in the stream as it was', async () => {
    start();
    const one = await take();
    await stream(one, 5);
    segment(one, 0, 5_000, 0);
    segment(one, 9_000, 14_000, 1);
    await until('the segments', () => segments.length === 2);
    expect(segments[1]!.start - segments[0]!.end).toBe(4_000);
  });

  it('dates a run that ends before it settled by what it knows', async () => {
    start();
    const one = await take();
    await stream(one, 1);
    segment(one, 0, 1_000);
    one.play(unreachable());
    await until('the segment', () => segments.length === 1);
    expect(segments[0]).toMatchObject({ start: NOON, end: NOON + 1_000 });
  });

  it.each<[string, string, GapCause]>([
    ['cannot be reached', 'unreachable', 'unreachable'],
    ['refuses the sign-in', 'sign-in-refused', 'sign-in-refused'],
    ['ends the stream', 'stream-ended', 'stream-ended'],
    ['sends what cannot be recorded', 'stream-invalid', 'stream-invalid'],
    ['is recorded to a full disk', 'disk-full', 'disk-full'],
  ])('opens a gap with its cause when the camera %s', async (_, code, cause) => {
    const recorder = start();
    const one = await take();
    await stream(one, 5);
    segment(one, 0, 5_000);
    one.play(new Failure('it says so', { kind: 'transient', code, hint: 'Do this.' }));
    await until('the gap', () => storage.ledger.gaps.current('gate') !== undefined);
    expect(gaps()).toEqual([[5_000, undefined, cause]]);
    expect(storage.ledger.gaps.current('gate')!.detail).toBe('it says so');
    expect(recorder.state).toMatchObject({ recording: false, reason: 'it says so. Do this.', directory: undefined });
    expect(salvaged).toEqual([one.options.directory.split('/').at(-1)]);
  });

  it('takes an error of the disk for a full disk, and any other for a stream that cannot be recorded', async () => {
    start();
    (await take()).play(Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }));
    await until('the gap', () => storage.ledger.gaps.current('gate')?.cause === 'disk-full');
    await storage.clock.advance(2_000);
    (await take(1)).play(new Error('something odd'));
    await until('the gap', () => storage.ledger.gaps.current('gate')?.cause === 'stream-invalid');
  });

  it('ends a run that falls silent, and says so', async () => {
    start();
    const one = await take();
    await stream(one, 5);
    await storage.clock.advance(15_000);
    await until('the gap', () => storage.ledger.gaps.current('gate')?.cause === 'silent');
    expect(storage.lines.join()).toContain('no picture for');
  });

  it('comes back ever more slowly, up to ten seconds, and quickly again after a run that worked', async () => {
    start();
    engine.refuse = unreachable();
    await take();
    for (let n = 0; n < 800; n++) await pass(250);
    const waits = engine.startedAt.slice(1).map((at, n) => at - engine.startedAt[n]!);
    for (const [n, wait] of waits.entries()) {
      const full = Math.min(10_000, 1_000 * 2 ** n);
      expect(wait).toBeGreaterThanOrEqual(full / 2 - 250);
      expect(wait).toBeLessThanOrEqual(full + 250);
    }
    expect(waits.length).toBeGreaterThan(8);
    expect(gaps()).toEqual([[0, undefined, 'unreachable']]);
    engine.refuse = undefined;
    const known = engine.takes.length;
    while (engine.takes.length === known) await pass(500);
    const good = engine.takes.at(-1)!;
    await stream(good, 61);
    good.play(unreachable());
    const endedAt = storage.clock.monotonic();
    await pass(1_001);
    expect(engine.takes).toHaveLength(known + 2);
    expect(engine.startedAt.at(-1)! - endedAt).toBeLessThanOrEqual(1_001);
  });

  it('closes the segment under way when it is stopped, and opens a gap behind it', async () => {
    const recorder = start();
    const one = await take();
    await stream(one, 5);
    stop.abort();
    segment(one, 0, 5_000);
    await running;
    expect(segments).toMatchObject([{ start: NOON, end: NOON + 5_000 }]);
    expect(gaps()).toEqual([[5_000, undefined, 'recorder-stopped']]);
    expect(recorder.state).toMatchObject({ recording: false, reason: 'stopped' });
    expect(engine.takes).toHaveLength(1);
  });

  it('begins the gap where footage ended, though it is still being sealed or was never closed', async () => {
    start();
    const one = await take();
    await stream(one, 90);
    segment(one, 0, 60_000);
    one.play(new Failure('gone', { kind: 'transient', code: 'stream-ended' }));
    await until('the gap', () => storage.ledger.gaps.current('gate') !== undefined);
    expect(gaps()).toEqual([[60_000, undefined, 'stream-ended']]);
    // The salvaged rest of the run fills its share.
    storage.ledger.gaps.fill('gate', NOON + 60_000, NOON + 89_000);
    await storage.clock.advance(1_000);
    const two = await take(1);
    const born = await stream(two, 4);
    expect(gaps()).toEqual([[89_000, born, 'stream-ended']]);
  });

  it('survives a ledger that cannot be written, and notes the gap when it can', async () => {
    const open = vi.spyOn(storage.ledger.gaps, 'open').mockImplementation(() => {
      throw new Error('database or disk is full');
    });
    const end = vi.spyOn(storage.ledger.runs, 'end').mockImplementation(() => {
      throw new Error('database or disk is full');
    });
    start('recorder-stopped');
    for (let n = 0; n < 5; n++) await storage.clock.advance(1_000);
    expect(engine.takes).toEqual([]);
    expect(storage.lines.join()).toContain('could not be noted');
    open.mockRestore();
    while (engine.takes.length === 0) await storage.clock.advance(1_000);
    expect(storage.ledger.gaps.current('gate')).toBeDefined();
    engine.takes[0]!.play(unreachable());
    await until('the failure', () => storage.lines.join().includes('the end of a run'));
    end.mockRestore();
  });

  it('never says the password', async () => {
    start();
    (await take()).play(unreachable());
    await storage.clock.advance(60_000);
    expect(storage.lines.join()).not.toContain('CANARY');
    expect(storage.lines.join()).toContain('retry in');
  });
});
