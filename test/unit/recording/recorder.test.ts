import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import type { StreamSource } from '../../../src/recording/engine.js';
import { Recorder } from '../../../src/recording/recorder.js';
import type { SegmentSink } from '../../../src/recording/recorder-options.js';
import type { GapCause } from '../../../src/segment.js';
import { until } from '../../peers/until.js';
import { ScriptedEngine, type Take } from '../../simulators/scripted-engine.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

type Segment = Parameters<SegmentSink['finish']>[0];

let storage: Storage;
let engine: ScriptedEngine;
let stop: AbortController;
let running: Promise<void>;
let segments: Segment[];
let where: () => Promise<StreamSource>;
let salvaged: string[];
let startDelayMs: number | undefined;

beforeEach(() => {
  storage = new Storage();
  engine = new ScriptedEngine(() => storage.clock.monotonic());
  stop = new AbortController();
  [segments, salvaged, startDelayMs] = [[], [], undefined];
  where = async () => ({ url: 'rtsp://10.0.0.5/x', username: 'u', password: 'CANARY' });
  running = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await running;
  vi.restoreAllMocks();
  storage.close();
});

function start(firstCause: GapCause = 'starting'): Recorder {
  const { ledger, clock, machine, log } = storage;
  const sink: SegmentSink = {
    finish: async (segment) => void segments.push(segment),
    salvage: async ({ run }) => void salvaged.push(run),
  };
  const work = join(storage.layout.work, 'gate');
  const source = () => where();
  const options = { camera: 'gate', source, segmentMs: MINUTE, audio: 'aac' as const, work };
  const recorder = new Recorder({ ...options, engine, sink, ledger, clock, machine, log, firstCause, startDelayMs });
  running = recorder.run(stop.signal);
  return recorder;
}

const take = async (n = 0) => {
  await until(`connection ${n + 1}`, () => engine.takes.length > n);
  return engine.takes[n]!;
};
/** The camera is found at another address, and connected to there. */
const moved = async (url: string, n = 0) => {
  where = async () => ({ url });
  await storage.clock.advance(10_000);
  return await take(n);
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

  it('asks where the camera is before each connection, and calls it a gap while nobody knows', async () => {
    where = async () => {
      throw new Failure('nobody answers', { kind: 'transient', code: 'timed-out' });
    };
    const recorder = start();
    await until('the failure', () => recorder.state.reason === 'nobody answers');
    expect(gaps()).toEqual([[0, undefined, 'unreachable']]);
    expect(existsSync(join(storage.layout.work, 'gate'))).toBe(false);
    await stream(await moved('rtsp://10.0.0.6/x'), 1);
    (await take()).play(unreachable());
    await until('the gap', () => gaps().at(-1)![2] === 'unreachable');
    const again = await moved('rtsp://10.0.0.7/x', 1);
    expect(engine.takes.map(({ options }) => options.source.url)).toEqual(['rtsp://10.0.0.6/x', 'rtsp://10.0.0.7/x']);
    expect(again.options.source.password).toBeUndefined();
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

  it('is stopped and started during an outage: only the time without a recorder has another cause', async () => {
    where = async () => {
      throw unreachable();
    };
    start();
    await until('the gap', () => gaps().at(-1)?.[2] === 'unreachable');
    await storage.clock.advance(60_000);
    stop.abort();
    await running;
    expect(gaps()).toEqual([
      [0, 60_000, 'unreachable'],
      [60_000, undefined, 'recorder-stopped'],
    ]);
    expect(storage.ledger.gaps.endAbandoned()).toEqual([]);
    await storage.clock.advance(60_000);
    stop = new AbortController();
    start('recorder-stopped');
    await until('the gap', () => gaps().at(-1)?.[2] === 'unreachable');
    expect(gaps()).toEqual([
      [0, 60_000, 'unreachable'],
      [60_000, 120_000, 'recorder-stopped'],
      [120_000, undefined, 'unreachable'],
    ]);
  });

  it('is killed during an outage: its cause stays for as long as it was seen to last', async () => {
    storage.ledger.gaps.open('gate', NOON - 2 * MINUTE, 'stream-invalid', 'no key frame');
    storage.ledger.gaps.extend('gate', NOON - MINUTE);
    expect(storage.ledger.gaps.endAbandoned()).toEqual(['gate']);
    where = async () => {
      throw unreachable();
    };
    start('recorder-crashed');
    await until('the gap', () => gaps().at(-1)?.[2] === 'unreachable');
    expect(gaps()).toEqual([
      [-2 * MINUTE, -MINUTE, 'stream-invalid'],
      [-MINUTE, 0, 'recorder-crashed'],
      [0, undefined, 'unreachable'],
    ]);
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

  it('writes down where the next file begins, for whoever saves it after a kill', async () => {
    start();
    const one = await take();
    await stream(one, 4);
    // The camera's clock is slow by 5 ms a minute.
    for (let n = 8; n <= 160; n += 4) {
      await storage.clock.advance(4_000);
      one.play({ type: 'progress', mediaMs: n * 1_000 - n / 12, frames: n * 15 });
      if (n === 80) segment(one, 0, 80_000, 0);
    }
    segment(one, 80_000, 160_000, 1);
    await until('the segments', () => segments.length === 2);
    const run = storage.ledger.runs.get(one.options.directory.split('/').at(-1)!)!;
    expect(segments[1]!.end).toBeGreaterThan(NOON + 160_003);
    expect(run.anchor! + 160_000).toBe(Math.round(segments[1]!.end));
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

  it.each([40, 110, 400, 995])('keeps a short break of %i ms out of the time of a segment', async (breakMs) => {
    start();
    const one = await take();
    await stream(one, 9);
    segment(one, 0, 4_000, 0);
    segment(one, 4_000 + breakMs, 8_000, 1);
    await until('the segments', () => segments.length === 2);
    // Pictures of 40 ms: the last one of a file lasts until the next one comes.
    expect(segments[1]!.start - segments[0]!.end).toBe(breakMs === 40 ? 0 : breakMs);
    expect(segments[1]!.end - segments[1]!.start).toBe(breakMs === 40 ? 4_000 : 4_000 - breakMs);
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

  describe('whose camera falls silent while its engine takes time to end', () => {
    /** A run that was silent until its recorder gave it up; its engine has not ended. */
    async function silent(seconds: number) {
      const recorder = start();
      const one = await take();
      one.slow = true;
      await stream(one, seconds);
      const lastAt = storage.clock.monotonic();
      while (engine.takes.length < 2) await pass(250);
      return { recorder, one, two: engine.takes[1]!, waitedMs: storage.clock.monotonic() - lastAt };
    }

    it('connects anew within 15 s of the last report, and does not wait for it', async () => {
      const { recorder, one, two, waitedMs } = await silent(5);
      expect(waitedMs).toBeLessThan(12_000);
      expect(one.isOver).toBe(false);
      expect(salvaged).toEqual([]);
      await stream(two, 4);
      expect(recorder.state).toMatchObject({ recording: true, directory: two.options.directory });
      one.play('end');
      await until('the old folder to be saved', () => salvaged.length === 1);
      expect(salvaged).toEqual([one.options.directory.split('/').at(-1)]);
      // The folder shown is that of the run under way.
      expect(recorder.state.directory).toBe(two.options.directory);
    });

    it('takes over the segment it closes then, and keeps the gap behind it', async () => {
      const { one, two } = await silent(1);
      segment(one, 0, 900);
      one.play('end');
      await until('the segment', () => segments.length === 1);
      // As the spool does with it.
      storage.ledger.gaps.fill('gate', segments[0]!.start, segments[0]!.end);
      expect(gaps().at(-1)).toEqual([segments[0]!.end - NOON, undefined, 'silent']);
      const born = await stream(two, 4);
      expect(gaps().at(-1)).toEqual([segments[0]!.end - NOON, born, 'silent']);
    });

    it('has stopped only when that has', async () => {
      const { one } = await silent(5);
      stop.abort();
      let isOver = false;
      void running.then(() => (isOver = true));
      await storage.clock.advance(1_000);
      expect(isOver).toBe(false);
      one.play('end');
      await running;
      expect(salvaged).toHaveLength(2);
    });
  });

  it('ends a run of which no file ever ends, keeps what there is of it, and calls the rest a gap', async () => {
    start();
    const one = await take();
    await stream(one, 4);
    // No keyframe comes any more, and so no border; with one that is only late nothing happens.
    for (let at = 10_000; at <= MINUTE + 85_000; at += 5_000) {
      await storage.clock.advance(5_000);
      one.play({ type: 'progress', mediaMs: at, frames: at });
      if (at === 2 * MINUTE) segment(one, 0, at);
    }
    expect(storage.ledger.gaps.current('gate')).toBeUndefined();
    const lastMs = 2 * MINUTE;
    for (let at = lastMs + 30_000; !one.isOver && at < lastMs + 5 * MINUTE; at += 5_000) {
      await storage.clock.advance(5_000);
      one.play({ type: 'progress', mediaMs: at, frames: at });
      await storage.clock.advance(0);
    }
    await until('the gap', () => storage.ledger.gaps.current('gate') !== undefined);
    const [[from, end, cause] = [], ...others] = gaps();
    expect([end, cause, others]).toEqual([undefined, 'stream-invalid', []]);
    // By the camera's clock and ours, which differ a little.
    expect(Math.abs((from as number) - lastMs)).toBeLessThan(100);
    expect(storage.ledger.gaps.current('gate')!.detail).toMatch(/^pictures came for 1[5-9]\d s, and no keyframe/);
    await storage.clock.advance(2_000);
    await take(1);
  });

  it('gives a stream that does not begin more time with each attempt, and as little as ever after one that did', async () => {
    start();
    const begun = async (n: number) => {
      await until(`attempt ${n + 1}`, async () => {
        if (engine.takes.length <= n) await storage.clock.advance(500);
        return engine.takes.length > n;
      });
      return engine.startedAt[n]!;
    };
    const waited: number[] = [];
    for (let n = 0; n < 4; n++) {
      await begun(n);
      for (let s = 0; s < 70 && !engine.takes[n]!.isOver; s++) await storage.clock.advance(1_000);
      waited.push(Math.round((storage.clock.monotonic() - engine.startedAt[n]!) / 1_000));
    }
    expect(waited[0]).toBeLessThanOrEqual(15);
    expect(waited[1]).toBeGreaterThan(25);
    expect(waited[2]).toBeGreaterThan(50);
    expect(waited[3]).toBeLessThanOrEqual(62);
    await begun(4);
    await stream(engine.takes[4]!, 2);
    engine.takes[4]!.play(unreachable());
    await begun(5);
    for (let s = 0; s < 70 && !engine.takes[5]!.isOver; s++) await storage.clock.advance(1_000);
    expect(storage.clock.monotonic() - engine.startedAt[5]!).toBeLessThanOrEqual(15_000);
  });

  it('waits for its turn to begin, so that many cameras are not connected to at once', async () => {
    startDelayMs = 450;
    start();
    await pass(400);
    expect(engine.takes).toHaveLength(0);
    await pass(100);
    expect(await take()).toBeDefined();
    expect(engine.startedAt[0]).toBeGreaterThanOrEqual(450);
  });

  it('lets the index know of a gap while it lasts, hour by hour', async () => {
    engine.refuse = unreachable();
    start();
    const HOUR = 60 * MINUTE;
    await until('the gap', () => storage.ledger.gaps.current('gate')?.cause === 'unreachable');
    // Nobody is woken meanwhile: what happens at each attempt happens at the next one.
    const attempts = async () => {
      const tried = engine.takes.length;
      while (engine.takes.length < tried + 2) await pass(2_000);
    };
    storage.clock.suspend(HOUR + 2 * MINUTE);
    await attempts();
    expect(gaps()).toEqual([[0, undefined, 'unreachable']]);
    storage.clock.suspend(2 * MINUTE);
    await attempts();
    expect(gaps()).toEqual([
      [0, HOUR, 'unreachable'],
      [HOUR, undefined, 'unreachable'],
    ]);
    expect(storage.ledger.chains.pending('gate', 9).map(({ entry }) => entry.end)).toEqual([NOON + HOUR]);
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
