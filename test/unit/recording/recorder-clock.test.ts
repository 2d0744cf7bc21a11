import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { WatchedClock } from '../../../lib/watched-clock.js';
import { Recorder } from '../../../src/recording/recorder.js';
import type { SegmentSink } from '../../../src/recording/recorder-options.js';
import { until } from '../../peers/until.js';
import { ScriptedEngine, type Take } from '../../simulators/scripted-engine.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

type Segment = Parameters<SegmentSink['finish']>[0];

const DAY = 24 * 60 * MINUTE;

let storage: Storage;
let engine: ScriptedEngine;
let clock: WatchedClock;
let stop: AbortController;
let running: Promise<void>;
let segments: Segment[];
let recorder: Recorder;

beforeEach(() => {
  storage = new Storage();
  engine = new ScriptedEngine(() => storage.clock.monotonic());
  clock = new WatchedClock(storage.clock, () => 0);
  stop = new AbortController();
  segments = [];
});
afterEach(async () => {
  stop.abort();
  await running;
  storage.close();
});

async function start(): Promise<Take> {
  const { ledger, log, machine } = storage;
  const sink: SegmentSink = {
    finish: async (segment) => void segments.push(segment),
    salvage: async () => undefined,
  };
  recorder = new Recorder({
    ...{ camera: 'gate', source: async () => ({ url: 'rtsp://10.0.0.5/x' }), segmentMs: MINUTE, audio: 'aac' },
    ...{ work: join(storage.layout.work, 'gate'), engine, sink, ledger, clock, machine, log, firstCause: 'starting' },
  });
  clock.onStep = (step) => recorder.clockStepped(step);
  running = recorder.run(stop.signal);
  return await take();
}

const take = async (n = 0) => {
  await until(`connection ${n + 1}`, () => engine.takes.length > n);
  return engine.takes[n]!;
};

/** Frames second by second of the run's media, up to `seconds`. */
async function stream(one: Take, from: number, seconds: number): Promise<void> {
  for (let n = from; n <= seconds; n++) {
    await storage.clock.advance(n > 0 ? 1_000 : 0);
    one.play({ type: 'progress', mediaMs: n * 1_000, frames: n * 15 + 1 });
    await storage.clock.advance(0);
  }
}

async function closed(one: Take, startMs: number, endMs: number): Promise<void> {
  const before = segments.length;
  const file = join(one.options.directory, `00000${before}.mp4`);
  one.play({ type: 'segment', file, startMs, endMs });
  await until('the segment', () => segments.length > before);
}

function step(byMs: number): void {
  storage.clock.stepWall(byMs);
  clock.now();
}

const times = () => segments.map(({ start: from, end }) => [from - NOON, end - NOON]);
const gaps = () =>
  storage.ledger.gaps
    .between('gate', 0, NOON * 2)
    .map(({ start: from, end, cause }) => [from - NOON, end && end - NOON, cause]);
const steps = () =>
  storage.ledger.clockSteps
    .between('gate', 0, Number.MAX_SAFE_INTEGER)
    .map(({ before, after }) => [before - NOON, after - NOON]);

describe.each([DAY, -DAY, 400 * DAY])('a wall clock that is set by %d ms while a camera is recorded', (byMs) => {
  it('moves what follows the file that is open, and makes no gap', async () => {
    const one = await start();
    await stream(one, 0, 20);
    step(byMs);
    await stream(one, 21, 30);
    await closed(one, 0, 30_000);
    await closed(one, 30_000, 60_000);
    expect(times()).toEqual([
      [0, 30_000],
      [30_000 + byMs, 60_000 + byMs],
    ]);
    expect(steps()).toEqual([[30_000, 30_000 + byMs]]);
    expect(gaps()).toEqual([]);
    // And back again, as when the mistake is noticed.
    step(-byMs);
    await closed(one, 60_000, 90_000);
    await closed(one, 90_000, 120_000);
    expect(times().at(-1)).toEqual([90_000, 120_000]);
    expect(steps().at(-1)).toEqual([90_000 + byMs, 90_000]);
    expect(gaps()).toEqual([]);
  });

  it('cuts a gap that lasts in two, each with times of one clock', async () => {
    engine.refuse = new Failure('Connection refused', { kind: 'transient', code: 'unreachable' });
    await start();
    await until('the gap', () => gaps().at(-1)?.[2] === 'unreachable');
    await storage.clock.advance(500);
    step(byMs);
    expect(gaps()).toEqual(
      [
        [0, 500, 'unreachable'],
        [500 + byMs, undefined, 'unreachable'],
      ].sort((a, b) => (a[0] as number) - (b[0] as number)),
    );
    expect(steps()).toEqual([[500, 500 + byMs]]);
    engine.refuse = undefined;
    const tried = engine.takes.length;
    await until('the next attempt', async () => {
      await storage.clock.advance(500);
      return engine.takes.length > tried;
    });
    await stream(engine.takes.at(-1)!, 0, 4);
    const resumed = () => gaps().find(([from]) => from === 500 + byMs)!;
    await until('the end of the gap', () => resumed()[1] !== undefined);
    const last = resumed();
    // As long as it took, not as far as the clock was set.
    expect((last[1] as number) - (last[0] as number)).toBeLessThan(30_000);
  });

  it('is not forgotten when the connection breaks before the open file has ended', async () => {
    const one = await start();
    await stream(one, 0, 10);
    await closed(one, 0, 10_000);
    step(byMs);
    await storage.clock.advance(1_000);
    one.play(new Failure('the stream ended', { kind: 'transient', code: 'stream-ended' }));
    await until('the gap', () => gaps().some(([, end]) => end === undefined));
    // 11 s after the start by either clock.
    expect(steps()).toEqual([[11_000, 11_000 + byMs]]);
    const sorted = [...gaps()].sort((a, b) => Number(a[1] === undefined) - Number(b[1] === undefined));
    expect(sorted).toEqual([
      [10_000, 11_000, 'stream-ended'],
      [11_000 + byMs, undefined, 'stream-ended'],
    ]);
  });
});

describe('a wall clock that is set back', () => {
  const HOUR = 60 * MINUTE;

  it('before it is known when a run began makes no time that is there twice', async () => {
    const one = await start();
    // Pictures come; when the first one was made is known only after a while.
    await stream(one, 0, 2);
    step(-HOUR);
    await stream(one, 3, 4);
    expect(steps()).toEqual([[0, -HOUR]]);
    await closed(one, 0, 10_000);
    expect(times()).toEqual([[-HOUR, 10_000 - HOUR]]);
    expect(segments[0]!.era).toBe(storage.ledger.clockSteps.era('gate'));
    expect(gaps()).toEqual([]);
  });

  it('while a run had no time yet and broke ends its gap then, and begins it anew', async () => {
    const one = await start();
    await stream(one, 0, 1);
    step(-HOUR);
    one.play(new Failure('it ended', { kind: 'transient', code: 'stream-ended' }));
    await until('the gap', () => gaps().some(([, , cause]) => cause === 'stream-ended'));
    expect(steps()).toEqual([[1_000, 1_000 - HOUR]]);
    expect(gaps()).toEqual([
      [1_000 - HOUR, undefined, 'stream-ended'],
      [0, 1_000, 'stream-ended'],
    ]);
  });

  it('counts the time behind it from what the new clock saw, when the moments of the old one come again', async () => {
    const one = await start();
    await stream(one, 0, 10);
    await closed(one, 0, 10_000);
    await storage.commit({ start: NOON, end: NOON + 10_000, run: 'run', seq: 0, era: segments[0]!.era });
    step(-10_000);
    await stream(one, 11, 16);
    await closed(one, 10_000, 16_000);
    const [first, second] = segments;
    expect([first!.era, second!.era]).toEqual([0, 0]);
    // From 6 s on by the new clock; the file before it lies from 0 to 10 s.
    one.play(new Failure('it ended', { kind: 'transient', code: 'stream-ended' }));
    await until('the gap', () => gaps().some(([, end]) => end === undefined));
    expect(steps()).toEqual([[16_000, 6_000]]);
    expect(gaps()).toEqual([[6_000, undefined, 'stream-ended']]);
  });
});

it('a file that a silent run closes after the clock was set back does not say until when the present is known', async () => {
  const one = await start();
  one.slow = true;
  await stream(one, 0, 5);
  await until('the next attempt', async () => {
    if (engine.takes.length < 2) await storage.clock.advance(500);
    return engine.takes.length === 2;
  });
  step(NOON - clock.now());
  const two = engine.takes[1]!;
  await stream(two, 0, 3);
  const began = steps().at(-1)![1]!;
  one.play({ type: 'segment', file: join(one.options.directory, '000000.mp4'), startMs: 0, endMs: 4_000 });
  one.play('end');
  await until('the segment', () => segments.length === 1);
  await storage.clock.advance(0);
  two.play(new Failure('it ended', { kind: 'transient', code: 'stream-ended' }));
  await until('the gap', () => gaps().some(([, end]) => end === undefined));
  expect(gaps().find(([, end]) => end === undefined)).toEqual([began, undefined, 'stream-ended']);
});

describe('a recorder that starts', () => {
  it('after a clock that was ahead was put right keeps the gap that lasts, and notes no second step', async () => {
    storage.ledger.gaps.add('gate', NOON + DAY, NOON + DAY + MINUTE, 'silent');
    storage.ledger.clockSteps.add('gate', NOON + DAY + MINUTE, NOON - MINUTE);
    storage.ledger.gaps.open('gate', NOON - MINUTE, 'unreachable');
    engine.refuse = new Failure('Connection refused', { kind: 'transient', code: 'unreachable' });
    await start();
    await until('an attempt', () => engine.takes.length > 0);
    expect(steps()).toHaveLength(1);
    expect(gaps()[0]).toEqual([-MINUTE, undefined, 'unreachable']);
  });

  it('earlier than what it knows says once that the clock went back, and begins its gap now', async () => {
    storage.ledger.gaps.add('gate', NOON, NOON + DAY, 'silent');
    await start();
    await until('the gap', () => gaps().some(([, end]) => end === undefined));
    expect(steps()).toEqual([[DAY, 0]]);
    expect(gaps().find(([, end]) => end === undefined)![0]).toBe(0);
    stop.abort();
    await running;
    stop = new AbortController();
    await start();
    expect(steps()).toHaveLength(1);
  });

  it('after the machine itself started anew begins its gap now, and keeps what one that lasted was seen to last', async () => {
    storage.ledger.gaps.open('gate', NOON + DAY, 'recorder-crashed');
    storage.ledger.gaps.extend('gate', NOON + DAY + MINUTE);
    await start();
    await until('the gap', () => gaps().some(([, , cause]) => cause === 'starting'));
    expect(steps()).toEqual([[DAY + MINUTE, 0]]);
    expect(gaps()).toEqual([
      [0, undefined, 'starting'],
      [DAY, DAY + MINUTE, 'recorder-crashed'],
    ]);
  });

  it('after the clock was set while none ran says so, and its gap is as long as it was', async () => {
    await start();
    stop.abort();
    await running;
    await storage.clock.advance(MINUTE);
    storage.clock.stepWall(DAY);
    stop = new AbortController();
    await start();
    expect(steps()).toEqual([[MINUTE, DAY + MINUTE]]);
    const { cause } = storage.ledger.gaps.current('gate')!;
    expect(gaps()).toEqual([
      [0, MINUTE, expect.any(String)],
      [DAY + MINUTE, undefined, cause],
    ]);
  });

  it('with an uptime that began anew, as that of a container may, believes what is known already', async () => {
    await start();
    stop.abort();
    await running;
    await storage.clock.advance(MINUTE);
    storage.ledger.gaps.close('gate', NOON + MINUTE);
    stop = new AbortController();
    // As if it had been set forward by all the time the container before was up.
    storage.machine.uptimeMs = () => storage.clock.monotonic() - 10 * MINUTE;
    await start();
    expect(steps()).toEqual([]);
  });

  it('while nobody knows of a step counts from what it knows', async () => {
    storage.ledger.gaps.add('gate', NOON - DAY, NOON - MINUTE, 'silent');
    await start();
    await until('the gap', () => gaps().some(([, end]) => end === undefined));
    expect(gaps().at(-1)).toEqual([-MINUTE, undefined, 'starting']);
    expect(steps()).toEqual([]);
  });
});

describe('that the clock was set is kept in mind where the ledger cannot be written', () => {
  const HOUR = 60 * MINUTE;
  /** Fails so many times. */
  const failing = (times: number) => {
    const add = vi.spyOn(storage.ledger.clockSteps, 'add');
    for (let n = 0; n < times; n++) {
      add.mockImplementationOnce(() => {
        throw new Error('database is locked');
      });
    }
  };
  const unreachable = new Failure('Connection refused', { kind: 'transient', code: 'unreachable' });

  it('between two connections: no other is made before it is noted, and what comes meanwhile is added to it', async () => {
    engine.refuse = unreachable;
    await start();
    await until('the gap', () => gaps().at(-1)?.[2] === 'unreachable');
    failing(2);
    step(HOUR);
    const tried = engine.takes.length;
    await storage.clock.advance(500);
    step(MINUTE);
    expect(steps()).toEqual([]);
    expect(engine.takes).toHaveLength(tried);
    engine.refuse = undefined;
    await until('the next attempt', async () => {
      await storage.clock.advance(500);
      return engine.takes.length > tried;
    });
    const [[before, after]] = steps() as [[number, number]];
    expect(after - before).toBe(HOUR + MINUTE);
    expect(gaps()).toEqual([
      [0, before, 'unreachable'],
      [after, undefined, 'unreachable'],
    ]);
    expect(before).toBeLessThan(15_000);
  });

  it('where a file ends: times go on by the clock as it was, until the next file ends', async () => {
    const one = await start();
    await stream(one, 0, 20);
    failing(1);
    step(HOUR);
    await closed(one, 0, 20_000);
    expect(steps()).toEqual([]);
    await closed(one, 20_000, 30_000);
    await closed(one, 30_000, 40_000);
    expect(times()).toEqual([
      [0, 20_000],
      [20_000, 30_000],
      [30_000 + HOUR, 40_000 + HOUR],
    ]);
    expect(segments.map(({ era }) => era > 0)).toEqual([false, false, true]);
    expect(steps()).toEqual([[30_000, 30_000 + HOUR]]);
  });

  it('where a connection breaks, and the next one as well: both times it was set are noted', async () => {
    const one = await start();
    await stream(one, 0, 10);
    await closed(one, 0, 10_000);
    step(HOUR);
    failing(2);
    one.play(new Failure('it ended', { kind: 'transient', code: 'stream-ended' }));
    await until('the gap', () => gaps().some(([, end]) => end === undefined));
    step(MINUTE);
    expect(steps()).toEqual([]);
    await until('the next attempt', async () => {
      if (engine.takes.length < 2) await storage.clock.advance(500);
      return engine.takes.length === 2;
    });
    const two = engine.takes[1]!;
    await stream(two, 0, 1);
    step(-2 * MINUTE);
    two.play(new Failure('it ended', { kind: 'transient', code: 'stream-ended' }));
    await until('the second step', () => steps().length === 2);
    expect(steps().map(([before, after]) => after! - before!)).toEqual([HOUR + MINUTE, -2 * MINUTE]);
  });

  it('at a start: nothing is noted by the wrong clock, and recording begins once it is', async () => {
    storage.ledger.gaps.add('gate', NOON, NOON + DAY, 'silent');
    failing(2);
    running = start().then(() => undefined);
    await storage.clock.advance(0);
    expect(engine.takes).toHaveLength(0);
    expect(recorder.state.reason).toBe('the ledger cannot be written');
    await storage.clock.advance(3_000);
    await until('a connection', () => engine.takes.length === 1);
    expect(steps()).toEqual([[DAY, 2_000]]);
  });
});
