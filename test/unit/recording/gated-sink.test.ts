import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeMp4 } from '../../../lib/mp4/describe.js';
import { mp4a } from '../../../lib/mp4/sample-entries.js';
import { sealFragments } from '../../../lib/mp4/seal.js';
import { Slabs } from '../../../lib/mp4/slabs.js';
import type { TrackFormat } from '../../../lib/rtsp/access-unit.js';
import { H264Sets } from '../../../lib/rtsp/parameter-sets.js';
import { Schedule, schedule } from '../../../src/config/schedule.js';
import { ArrivalClock } from '../../../src/recording/arrival-clock.js';
import type { EngineEvent } from '../../../src/recording/engine.js';
import { GatedSink } from '../../../src/recording/gated-sink.js';
import { RecordingPlan } from '../../../src/recording/plan.js';
import { SegmentCutter } from '../../../src/recording/segment-cutter.js';
import { FakeClock } from '../../simulators/fake-clock.js';

/** Sunday. */
const NOON = Date.UTC(2026, 4, 3, 12);
const MINUTE = 60_000;
const GROUP_MS = 2_000;
const SOUND: TrackFormat = {
  ...{ kind: 'audio', timescale: 16_000, width: 0, height: 0, unitTicks: 1_024 },
  entry: mp4a(Buffer.from([0x14, 0x08]), 16_000, 1),
};

let dir: string;
let clock: FakeClock;
let events: EngineEvent[];
let cutter: SegmentCutter;
let sink: GatedSink;
let format: TrackFormat;
let blind: boolean;
let tell: (active: boolean, agoMs?: number) => void;
let n: number;

function begin({ rules = 'motion', memoryBytes = 2 ** 20, segmentMs = MINUTE, at = NOON + 10_000 } = {}): void {
  clock = new FakeClock(at);
  [events, n, blind] = [[], 0, false];
  const sets = new H264Sets();
  for (const set of ['6742c016d900a02ff970110000030001000003000a0f162e48', '68cb83cb20'])
    sets.note(Buffer.from(set, 'hex'));
  format = sets.format!;
  const plan = new RecordingPlan({
    schedule: new Schedule(schedule.parse(rules), 'off', 'UTC'),
    ...{ preRollMs: 5_000, postRollMs: 10_000, memoryBytes, clock },
    watcher: {
      get blind() {
        return blind;
      },
      follow(listener) {
        tell = (active, agoMs = 0) => listener({ active, at: clock.now() - agoMs });
        return () => undefined;
      },
    },
  });
  const slabs = new Slabs(16);
  const arrivals = new ArrivalClock(clock);
  const onEvent = (event: EngineEvent) => events.push(event);
  const onError = (error: unknown) => {
    throw error;
  };
  cutter = new SegmentCutter({ directory: dir, segmentMs, clock, slabs, arrivals, onEvent, onError });
  sink = new GatedSink({ gate: plan, cutter, arrivals, slabs, onEvent });
  sink.begin(SOUND);
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gated-'));
});
afterEach(async () => {
  sink.close();
  await cutter.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Seconds of pictures, five a second, a keyframe every two, with sound; each as soon as it is made. */
async function film(seconds: number, { bytes = 2_000, keyEvery = 10 } = {}): Promise<void> {
  for (let end = n + seconds * 5; n < end; n++) {
    await clock.advance(200);
    const dts = n * 18_000;
    const unit = { format, pts: dts, dts, key: n % keyEvery === 0, afterLoss: false, arrivedMs: clock.monotonic() };
    void sink.unit({ ...unit, data: Buffer.alloc(bytes, n % 251) });
    const heard = { pts: n * 3_200, dts: n * 3_200, key: true, data: Buffer.alloc(90, 1) };
    void sink.unit({ ...unit, ...heard, format: SOUND });
  }
}
const told = () => events.flatMap((event) => ('fromMs' in event ? [[event.type, event.fromMs / 1_000] as const] : []));
const segments = () =>
  events.flatMap((event) => (event.type === 'segment' ? [[event.startMs / 1_000, event.endMs / 1_000] as const] : []));
async function finish(): Promise<void> {
  sink.close();
  await cutter.close();
}

describe('a stream of which only motion is kept', () => {
  it('writes nothing while nothing moves, and says that it is there', async () => {
    begin();
    await film(60);
    expect(readdirSync(dir)).toEqual([]);
    expect(told()).toEqual([['idle', 0]]);
    const progress = events.filter((event) => event.type === 'progress');
    expect(progress.length).toBeGreaterThan(20);
    expect(events.filter((event) => event.type === 'gated')).toHaveLength(1);
    expect(events[0]!.type).toBe('gated');
  });

  it('keeps whole groups of pictures, from the pre-roll to the post-roll, every frame and all sound', async () => {
    begin({ segmentMs: 60 * MINUTE });
    await film(40);
    tell(true);
    await film(3);
    tell(false);
    await film(40);
    await finish();
    const [[start, end]] = segments() as [readonly [number, number]];
    // Motion from 40 s to 43 s.
    expect(start).toBeLessThanOrEqual(40 - 5);
    expect(start).toBeGreaterThan(40 - 5 - 2 - 2 * (GROUP_MS / 1_000));
    expect(end).toBeGreaterThanOrEqual(43 + 10);
    expect(end).toBeLessThan(43 + 10 + 1 + 2 * (GROUP_MS / 1_000));
    expect([start % 2, end % 2]).toEqual([0, 0]);
    expect(told()).toEqual([
      ['idle', 0],
      ['keeping', start],
      ['idle', end],
    ]);
    const sealed = join(dir, 'sealed');
    await sealFragments(join(dir, '000000.mp4'), sealed, new AbortController().signal);
    const media = await describeMp4(sealed);
    expect(media).toMatchObject({ width: 640, height: 360, codecs: [expect.stringMatching(/^avc1/), 'mp4a.40.2'] });
    expect(media!.durationMs).toBeCloseTo((end - start) * 1_000, -2);
  });

  it('looks back at what is held when word of motion comes late', async () => {
    begin();
    await film(40);
    tell(true, 2_500);
    await film(1);
    tell(false);
    await film(30);
    await finish();
    expect(segments()[0]![0]).toBeLessThanOrEqual(40 - 2.5 - 5);
  });

  it('merges what is close, without a frame between, and cuts at the length of a segment', async () => {
    begin();
    await film(30);
    for (let n = 0; n < 5; n++) {
      tell(true);
      await film(2);
      tell(false);
      await film(12);
    }
    await film(30);
    await finish();
    expect(told().map(([type]) => type)).toEqual(['idle', 'keeping', 'idle']);
    const all = segments();
    // The clock showed 12:00:10 at the start: full minutes are at 50 s, 110 s …
    expect(all.map(([, end]) => end).slice(0, -1)).toEqual([50]);
    for (const [index, [start]] of all.slice(1).entries()) expect(start).toBe(all[index]![1]);
  });

  it('keeps another event apart, in a file of its own, and joins it where nothing was left out', async () => {
    begin({ segmentMs: 60 * MINUTE });
    await film(30);
    tell(true);
    await film(1);
    tell(false);
    await film(16);
    // What is held begins where the first file ended.
    tell(true);
    await film(1);
    tell(false);
    await film(60);
    tell(true);
    await film(1);
    tell(false);
    await film(30);
    await finish();
    const [one, two, three] = segments();
    expect(two![0]).toBe(one![1]);
    expect(three![0] - two![1]).toBeGreaterThan(20);
  });

  it('keeps everything while nobody can tell whether something moves, and what was held before', async () => {
    begin();
    await film(30);
    blind = true;
    await film(30);
    blind = false;
    await film(40);
    await finish();
    const [[start, end]] = segments() as [readonly [number, number]];
    expect(start).toBeLessThanOrEqual(25);
    expect(segments().at(-1)![1]).toBeGreaterThanOrEqual(70);
    expect(end).toBeLessThanOrEqual(60);
  });

  it('cuts the pre-roll where its memory ends, and says so', async () => {
    begin({ memoryBytes: 5 * 2_000 * 4 });
    await film(40);
    tell(true);
    await film(1);
    tell(false);
    await film(30);
    await finish();
    const [[start]] = segments() as [readonly [number, number]];
    expect(start).toBeGreaterThanOrEqual(36);
    expect(told()).toContainEqual(['short', start]);
  });

  it('writes a group that is larger than the memory rather than lose it, and stops with it', async () => {
    begin({ memoryBytes: 60_000 });
    await film(20, { keyEvery: 50 });
    expect(told().slice(0, 2)).toEqual([
      ['idle', 0],
      ['keeping', 0],
    ]);
    await finish();
    expect(segments().map(([start, end]) => end - start)).toEqual([10, 10]);
  });

  it('shows the newest keyframe while nothing is kept', async () => {
    begin();
    await film(10);
    expect(sink.newest()!.subarray(4, 8).toString()).toBe('ftyp');
    expect(sink.newest()!.includes(Buffer.alloc(1_990, 40))).toBe(true);
    tell(true);
    await film(1);
    expect(sink.newest()).toBeUndefined();
  });
});

describe('a stream whose mode changes with the time', () => {
  it('is kept from the first frame of the time it is on to the last, by groups, and files do not cross a border', async () => {
    begin({ rules: '12:01-12:02 continuous; 12:02-12:04 motion; off', segmentMs: 60 * MINUTE, at: NOON + 30_000 });
    // On from 30 s, motion only from 90 s, off from 210 s.
    await film(85);
    tell(true);
    await film(20);
    tell(false);
    await film(110);
    await finish();
    const [one, two] = segments();
    expect(segments()).toHaveLength(2);
    expect(one![0]).toBeLessThanOrEqual(30);
    expect(one![0]).toBeGreaterThan(30 - 2 * (GROUP_MS / 1_000));
    expect(one![1]).toBe(90);
    expect(two![0]).toBe(90);
    expect(two![1]).toBeGreaterThanOrEqual(105 + 10);
  });
});
