import { describe, expect, it } from 'vitest';
import type { AccessUnit, RawUnit } from '../../../lib/rtsp/access-unit.js';
import { DecodeTimes } from '../../../lib/rtsp/decode-times.js';
import { Ticks } from '../../../lib/rtsp/ticks.js';
import { Timeline } from '../../../lib/rtsp/timeline.js';
import { SOUND, VIDEO } from './units.js';

const HZ = 90_000;

describe('ticks of an RTP clock', () => {
  it('go on across the 32 bits, and back a little where pictures are reordered', () => {
    const ticks = new Ticks(HZ);
    const start = 2 ** 32 - 5_000;
    const shown = [0, 9_000, 3_000, 6_000, 18_000];
    expect(shown.map((at, n) => ticks.at((start + at) >>> 0, n * 40))).toEqual(shown);
    expect(ticks.near((start + 12_000) >>> 0)).toBe(12_000);
    expect(ticks.steps).toBe(0);
  });

  it('follow a pause that really was, however its pictures arrive', () => {
    const ticks = new Ticks(HZ);
    ticks.at(0, 0);
    expect(ticks.at(20 * HZ, 20_000)).toBe(20 * HZ);
    // A jam: what was sent over ten seconds comes at once, then the camera leaves eight seconds out.
    expect(ticks.at(21 * HZ, 30_000)).toBe(21 * HZ);
    expect(ticks.at(29 * HZ, 30_001)).toBe(29 * HZ);
    expect(ticks.steps).toBe(0);
  });

  it('do not follow a step of the camera’s clock, forward or back', () => {
    for (const step of [3_600, -3_600, 40_000, -4]) {
      const ticks = new Ticks(HZ);
      ticks.at(1_000, 0);
      ticks.at(1_000 + HZ, 1_000);
      const stepped = (1_000 + HZ + step * HZ) >>> 0;
      expect(ticks.at(stepped, 1_040)).toBe(HZ + 3_600);
      expect(ticks.at((stepped + 3_600) >>> 0, 1_080)).toBe(HZ + 7_200);
      expect(ticks.steps).toBe(1);
    }
  });

  it('go by arrival where a camera has no clock', () => {
    const ticks = new Ticks(HZ);
    const counts = Array.from({ length: 30 }, (_, n) => ticks.at(777, n * 40));
    expect(counts.at(-1)! - counts.at(-11)!).toBe((10 * 40 * HZ) / 1_000);
  });
});

describe('decoding times', () => {
  /** Two B pictures between others, the first a reference of the second: in decoding order. */
  const groups = (count: number) =>
    Array.from({ length: count }, (_, n) => [4, 2, 1, 3].map((at) => (n * 4 + at) * 100)).flat();
  const check = (shown: readonly number[], reorder?: number) => {
    const times = new DecodeTimes();
    if (reorder !== undefined) times.expect(reorder);
    const all = shown.map((at) => times.next(at));
    for (const [n, { dts }] of all.entries()) if (n > 0) expect(dts).toBeGreaterThan(all[n - 1]!.dts);
    return all;
  };

  it('are those of display where nothing is reordered', () => {
    const shown = [0, 3_000, 6_100, 9_000];
    expect(check(shown)).toEqual(shown.map((at) => ({ pts: at, dts: at })));
  });

  it('are those of display, as many pictures earlier as the stream says', () => {
    const all = check([0, ...groups(50)], 2);
    for (const [n, { pts, dts }] of all.entries()) {
      expect(pts).toBeGreaterThanOrEqual(dts);
      if (n >= 2) expect(dts).toBe((n - 2) * 100);
    }
  });

  it('are learnt where the stream says nothing', () => {
    const shown = [0, ...groups(50)];
    const all = check(shown);
    expect(all.map(({ pts }) => pts)).toEqual(shown);
    for (const { pts, dts } of all.slice(8)) expect(pts).toBeGreaterThanOrEqual(dts);
    expect(all.at(-1)!.pts - all.at(-1)!.dts).toBeLessThanOrEqual(300);
  });

  it('go on when the clock goes back by more than pictures are reordered', () => {
    const all = check([...Array(30).keys(), ...Array(60).keys()].map((n) => n * 3_600));
    expect(all.at(-1)!.dts).toBeGreaterThan(all[29]!.dts + 40 * 3_600);
    expect(all.at(-1)!.pts).toBeGreaterThanOrEqual(all.at(-1)!.dts);
  });

  it('differ for pictures of one time', () => {
    check([0, 0, 0, 3_000, 3_000]);
  });
});

describe('pictures and sound on one time line', () => {
  function stream(reorder?: number) {
    const units: AccessUnit[] = [];
    const timeline = new Timeline(HZ, SOUND, (unit) => units.push({ ...unit }));
    const unit = (format: RawUnit['format'], timestamp: number, key: boolean): RawUnit => ({
      ...{ format, timestamp: timestamp >>> 0, key, data: Buffer.alloc(1), afterLoss: false },
    });
    return {
      timeline,
      units,
      sound: () => units.filter(({ format }) => format === SOUND),
      picture: (timestamp: number, atMs: number, key = false) =>
        timeline.video(unit(VIDEO, timestamp, key), atMs, reorder),
      frame: (timestamp: number, atMs: number) => timeline.audio(unit(SOUND, timestamp, true), atMs),
    };
  }
  const seconds = ({ dts, format }: AccessUnit) => dts / format.timescale;

  it('begins with the first keyframe, at zero', () => {
    const { picture, frame, units } = stream();
    frame(5, 0);
    picture(1_000, 0);
    picture(4_600, 40, true);
    picture(8_200, 80);
    expect(units.map(({ pts, dts }) => [pts, dts])).toEqual([
      [0, 0],
      [3_600, 3_600],
    ]);
    const reordered = stream(2);
    reordered.picture(4_600, 40, true);
    expect(reordered.units[0]).toMatchObject({ dts: 0, pts: 2 });
  });

  it('puts sound where it arrives while the camera says nothing of it', () => {
    const { picture, frame, sound } = stream();
    picture(500_000, 1_000, true);
    frame(77_000, 1_500);
    frame(77_000 + 1_024, 1_564);
    expect(sound().map(({ dts }) => dts)).toEqual([8_000, 9_024]);
  });

  it('puts sound where both reports say, from the beginning', () => {
    const { timeline, picture, frame, sound } = stream();
    timeline.report('video', { wallSeconds: 100, timestamp: 500_000 });
    timeline.report('audio', { wallSeconds: 100.25, timestamp: 77_000 });
    picture(500_000, 1_000, true);
    frame(77_000, 1_900);
    expect(sound().map(seconds)).toEqual([0.25]);
  });

  it('puts sound where the reply to PLAY says, and by reports rather than by that', () => {
    const { timeline, picture, frame, sound } = stream();
    timeline.starts('video', 500_000);
    timeline.starts('audio', 77_000);
    picture(500_000, 1_000, true);
    frame(77_000 + 1_600, 1_400);
    expect(sound().map(seconds)).toEqual([0.1]);
  });

  it.each([
    ['reports', 100, 5_000],
    ['a reply to PLAY', 3, 5_000],
  ])('does not believe %s that are far from when sound arrives', (_, wrongSeconds, wrongTicks) => {
    const { timeline, picture, frame, sound } = stream();
    timeline.report('video', { wallSeconds: 100, timestamp: 500_000 });
    timeline.report('audio', { wallSeconds: 100 + wrongSeconds * 10, timestamp: 77_000 });
    timeline.starts('video', 500_000);
    timeline.starts('audio', 77_000 - wrongTicks * 16);
    picture(500_000, 1_000, true);
    frame(77_000, 1_400);
    expect(sound().map(seconds)).toEqual([0.4]);
  });

  it('moves sound to where later reports say, slowly, with ascending times', () => {
    for (const away of [0.3, -0.3]) {
      const { timeline, picture, frame, sound } = stream();
      picture(0, 0, true);
      for (let n = 0; n < 300; n++) {
        const atMs = 500 + n * 64;
        picture(Math.round((atMs * HZ) / 1_000), atMs);
        frame(n * 1_024, atMs);
        if (n % 50 !== 10) continue;
        timeline.report('video', { wallSeconds: 50 + atMs / 1_000, timestamp: Math.round((atMs * HZ) / 1_000) });
        timeline.report('audio', { wallSeconds: 50 + atMs / 1_000 + away, timestamp: n * 1_024 });
      }
      const steps = sound().map((unit, n, all) => (n === 0 ? 1_024 : unit.dts - all[n - 1]!.dts));
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(970);
      expect(Math.max(...steps)).toBeLessThanOrEqual(1_077);
      expect(seconds(sound().at(-1)!)).toBeCloseTo(0.5 + 299 * 0.064 + away, 2);
    }
  });

  it('leaves sound alone that is off by less than anybody hears', () => {
    const { timeline, picture, frame, sound } = stream();
    picture(0, 0, true);
    for (let n = 0; n < 20; n++) {
      frame(n * 1_024, n * 64);
      timeline.report('video', { wallSeconds: 50 + n, timestamp: n * HZ });
      timeline.report('audio', { wallSeconds: 50 + n + 0.02, timestamp: n * 16_000 });
    }
    expect(sound().map(({ dts }) => dts)).toEqual(Array.from({ length: 20 }, (_, n) => n * 1_024));
  });

  it('keeps sound with the pictures when the camera’s clocks step', () => {
    const { timeline, picture, frame, sound, units } = stream();
    timeline.report('video', { wallSeconds: 100, timestamp: 0 });
    timeline.report('audio', { wallSeconds: 100, timestamp: 0 });
    picture(0, 0, true);
    frame(0, 0);
    for (let n = 1; n <= 100; n++) {
      const step = n > 50 ? 7_777 : 0;
      picture((n * 0.064 + step) * HZ, n * 64);
      frame(n * 1_024 + step * 16_000, n * 64);
    }
    expect(timeline.steps).toBe(2);
    for (const { pts, format } of units.slice(-2)) expect(pts / format.timescale).toBeCloseTo(6.4, 2);
    expect(sound()).toHaveLength(101);
  });

  it('does not take an old report of one track with a new one of the other, when the camera’s clock was set between', () => {
    const { timeline, picture, frame, sound } = stream();
    timeline.report('video', { wallSeconds: 100, timestamp: 0 });
    timeline.report('audio', { wallSeconds: 100, timestamp: 0 });
    picture(0, 0, true);
    for (let n = 0; n <= 200; n++) {
      const step = n > 50 ? 5 : 0;
      picture((n * 0.064 + step) * HZ, n * 64);
      frame(n * 1_024, n * 64);
      if (n === 60) timeline.report('video', { wallSeconds: 105 + n * 0.064, timestamp: (n * 0.064 + step) * HZ });
    }
    expect(seconds(sound().at(-1)!)).toBeCloseTo(200 * 0.064, 2);
  });

  it('leaves out sound from before the first picture', () => {
    const { timeline, picture, frame, sound } = stream();
    timeline.report('video', { wallSeconds: 100, timestamp: 0 });
    timeline.report('audio', { wallSeconds: 99.9, timestamp: 0 });
    picture(0, 0, true);
    for (let n = 0; n < 4; n++) frame(n * 1_024, n * 64);
    expect(sound().map(({ dts }) => dts)).toEqual([448, 1_472]);
  });
});
