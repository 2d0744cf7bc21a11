import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../../lib/errors.js';
import { describeMp4 } from '../../../lib/mp4/describe.js';
import { firstMediaTime, scanFragments } from '../../../lib/mp4/fragments.js';
import { mp4a } from '../../../lib/mp4/sample-entries.js';
import { sealFragments } from '../../../lib/mp4/seal.js';
import { Slabs } from '../../../lib/mp4/slabs.js';
import type { TrackFormat } from '../../../lib/rtsp/access-unit.js';
import { H264Sets } from '../../../lib/rtsp/parameter-sets.js';
import type { EngineEvent } from '../../../src/recording/engine.js';
import { SegmentCutter } from '../../../src/recording/segment-cutter.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { openHandles } from '../../simulators/open-files.js';

const NOON = Date.UTC(2026, 4, 3, 12);
const MINUTE = 60_000;
const SOUND: TrackFormat = {
  ...{ kind: 'audio', timescale: 16_000, width: 0, height: 0, unitTicks: 1_024 },
  entry: mp4a(Buffer.from([0x14, 0x08]), 16_000, 1),
};

function pictures(): TrackFormat {
  const sets = new H264Sets();
  for (const set of ['6742c016d900a02ff970110000030001000003000a0f162e48', '68cb83cb20'])
    sets.note(Buffer.from(set, 'hex'));
  return sets.format!;
}

let dir: string;
let clock: FakeClock;
let events: EngineEvent[];
let errors: unknown[];
let cutter: SegmentCutter;
let format: TrackFormat;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cutter-'));
  begin(dir, NOON + 30_000);
});
afterEach(async () => {
  await cutter.close();
  rmSync(dir, { recursive: true, force: true });
});

function begin(directory: string, wall: number): void {
  clock = new FakeClock(wall);
  events = [];
  errors = [];
  format = pictures();
  cutter = new SegmentCutter({
    ...{ directory, segmentMs: MINUTE, clock, slabs: new Slabs(16) },
    onEvent: (event) => events.push(event),
    onError: (error) => errors.push(error),
  });
  cutter.begin(SOUND);
}

let n = 0;
/** Seconds of pictures, five a second, with a keyframe every two; each as soon as it is made. */
async function film(
  seconds: number,
  { bytes = 2_000, keyEvery = 10, sound = false, soundLateMs = 0 } = {},
): Promise<void> {
  for (let end = n + seconds * 5; n < end; n++) {
    await clock.advance(200);
    const dts = n * 18_000;
    const unit = { format, pts: dts, dts, key: n % keyEvery === 0, afterLoss: false, arrivedMs: clock.monotonic() };
    void cutter.unit({ ...unit, data: Buffer.alloc(bytes, n % 251) });
    const heard = n * 3_200 - soundLateMs * 16;
    if (sound && heard >= 0)
      void cutter.unit({
        ...unit,
        format: SOUND,
        pts: heard,
        dts: heard,
        key: true,
        data: Buffer.alloc(90, 1),
      });
  }
}
const segments = () => events.filter((event) => event.type === 'segment');
const files = () => readdirSync(dir).sort();

describe('units cut into files', () => {
  beforeEach(() => {
    n = 0;
  });

  it('begin a new one at the first keyframe after each multiple of the wall clock', async () => {
    await film(151, { sound: true });
    await cutter.close();
    expect(segments().map(({ startMs, endMs, file }) => [startMs, endMs, basename(file)])).toEqual([
      [0, 30_000, '000000.mp4'],
      [30_000, 90_000, '000001.mp4'],
      [90_000, 150_000, '000002.mp4'],
      [150_000, 151_000, '000003.mp4'],
    ]);
    let samples = 0;
    for (const { file, startMs, endMs } of segments()) {
      expect(await firstMediaTime(file)).toBe(startMs);
      const sealed = await sealFragments(file, `${file}.sealed`, new AbortController().signal);
      expect(sealed.codecs).toEqual(['avc1.42c016', 'mp4a.40.2']);
      expect(Math.abs(sealed.durationMs - (endMs - startMs))).toBeLessThan(100);
      samples += (endMs - startMs) / 200;
    }
    expect(samples).toBe(755);
    expect(errors).toEqual([]);
  });

  it('last as long as their pictures, though sound comes late and then in time', async () => {
    await film(31, { sound: true, soundLateMs: 1_000 });
    await film(60, { sound: true });
    await cutter.close();
    expect(segments()).toHaveLength(3);
    for (const { file, startMs, endMs } of segments()) {
      const sealed = await sealFragments(file, `${file}.sealed`, new AbortController().signal);
      expect(sealed.durationMs).toBe(endMs - startMs);
      expect((await describeMp4(`${file}.sealed`))!.durationMs).toBe(endMs - startMs);
    }
  });

  it('cut by when a keyframe came, though it is read later', async () => {
    begin(dir, NOON + 58_000);
    // Read every 250 ms: the keyframe of second 60 is read 150 ms into the next minute, and it came before that.
    for (let turn = 1; n < 40; turn++) {
      await clock.advance(250);
      for (; n * 195 + 10 <= turn * 250; n++) {
        const dts = Math.round(n * 195 * 90);
        const unit = { format, pts: dts, dts, key: n % 5 === 0, afterLoss: false, arrivedMs: clock.monotonic() };
        void cutter.unit({ ...unit, data: Buffer.alloc(100) });
      }
    }
    await cutter.close();
    // Keyframes at 0, 975, 1,950, 2,925 …: the third came 40 ms before the minute was over.
    expect(segments()[1]!.startMs).toBeCloseTo(2_925, 0);
  });

  it('cut no more often when pictures come late and in heaps, and once when the clock is set back', async () => {
    begin(dir, NOON + 50_000);
    // Five seconds late at first, then a jam of four.
    await clock.advance(5_000);
    for (; n < 30 * 5; n++) {
      const due = n * 200 + (n < 10 ? 5_000 : n > 60 && n < 80 ? 16_000 : 0);
      if (due > clock.monotonic()) await clock.advance(due - clock.monotonic());
      const unit = { format, pts: n * 18_000, dts: n * 18_000, key: n % 5 === 0, afterLoss: false };
      void cutter.unit({ ...unit, arrivedMs: clock.monotonic(), data: Buffer.alloc(100) });
    }
    clock.stepWall(-3_600_000);
    await film(3, { keyEvery: 5 });
    await cutter.close();
    expect(segments()).toHaveLength(3);
    expect(segments()[2]!.startMs).toBe(30_000);
  });

  it('has each group of pictures on its way to the disk when the next begins', async () => {
    await film(9);
    await expect.poll(async () => (await scanFragments(join(dir, '000000.mp4'))).count).toBe(4);
    await cutter.close();
    expect((await scanFragments(join(dir, '000000.mp4'))).count).toBe(5);
  });

  it('begin a new one where the format changes', async () => {
    await film(4);
    format = { ...pictures() };
    await film(4);
    await cutter.close();
    expect(segments().map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 4_000],
      [4_000, 8_000],
    ]);
  });

  it('hold nothing before the first keyframe, and make no file for nothing', async () => {
    n = 1;
    await film(1);
    await cutter.close();
    expect([events, files()]).toEqual([[], []]);
  });

  it('go out in pieces where no keyframe comes for long, or a group is huge', async () => {
    await film(130, { keyEvery: 10_000 });
    await expect.poll(async () => (await scanFragments(join(dir, '000000.mp4'))).count).toBe(2);
    for (let more = 0; more < 4; more++) await film(1, { bytes: 2 ** 20, keyEvery: 10_000 });
    await cutter.close();
    const { file } = segments()[0]!;
    expect((await scanFragments(file)).count).toBe(4);
    expect((await sealFragments(file, `${file}.s`, new AbortController().signal)).durationMs).toBe(134_000);
  });

  it('are reported every two seconds, and never without one', async () => {
    await film(21);
    const reports = events.filter((event) => event.type === 'progress');
    expect(reports.map(({ frames }) => frames)).toEqual(Array.from({ length: 11 }, (_, report) => 1 + report * 10));
    for (const { mediaMs, frames } of reports) expect(Math.abs(mediaMs - frames * 200)).toBeLessThanOrEqual(200);
    await clock.advance(60_000);
    expect(events.filter((event) => event.type === 'progress')).toHaveLength(11);
  });
});

describe('a file that cannot be written', () => {
  beforeEach(() => {
    n = 0;
  });

  it('on a full disk is told once, and ends with the last whole group of pictures', async () => {
    const disk = join(dir, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      begin(disk, NOON);
      await film(60, { bytes: 20_000 });
      await cutter.close();
      expect(errors).toHaveLength(1);
      expect(errors[0] as Failure).toMatchObject({ name: 'Failure', code: 'disk-full', kind: 'transient' });
      const [{ file }] = segments() as [Extract<EngineEvent, { type: 'segment' }>];
      const { count, wholeEnd } = await scanFragments(file);
      expect(count).toBe(5);
      expect(statSync(file).size).toBe(wholeEnd);
      expect(await openHandles(file)).toBe(0);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it('because there is one of its name already is told, and that one is left alone', async () => {
    writeFileSync(join(dir, '000000.mp4'), 'somebody else’s');
    await film(5);
    await cutter.close();
    expect(errors).toMatchObject([{ code: 'EEXIST' }]);
    expect(segments()).toEqual([]);
    expect(statSync(join(dir, '000000.mp4')).size).toBeLessThan(30);
  });

  it('fast enough makes the camera wait, and only until it is', async () => {
    let room: Promise<void> | undefined;
    // All at once, so that nothing can have been written.
    for (let group = 0; group < 20; group++) {
      const dts = group * 90_000;
      const unit = { format, pts: dts, dts, key: true, afterLoss: false, arrivedMs: 0, data: Buffer.alloc(3_000_000) };
      room = cutter.unit(unit);
    }
    expect(room).toBeInstanceOf(Promise);
    await room;
    await cutter.close();
    expect(
      cutter.unit({ format: SOUND, pts: 0, dts: 0, key: true, afterLoss: false, arrivedMs: 0, data: Buffer.alloc(1) }),
    ).toBeUndefined();
    expect(statSync(join(dir, '000000.mp4')).size).toBeGreaterThan(60_000_000);
  });
});
