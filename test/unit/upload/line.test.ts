import { describe, expect, it } from 'vitest';
import { timetable } from '../../../src/config/units.js';
import { Line } from '../../../src/upload/line.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const HOUR = 3_600_000;
const settings = (more: object) => ({ deadline: 60_000, limit: undefined, metered: undefined, ...more });

describe('the line', () => {
  it('is as fast as it can be without settings', () => {
    const line = new Line(settings({}), 'UTC', new FakeClock(), () => 'eth0');
    expect(line.bytesPerSecond()).toBe(Number.POSITIVE_INFINITY);
    expect(line.closed()).toBeUndefined();
  });

  it('keeps to the timetable of its owner, in their time zone, over midnight and both changes of the clock', () => {
    const clock = new FakeClock(Date.UTC(2026, 9, 24, 4, 59));
    const limit = timetable.parse('07:00 4Mbit; 19:00 8Mbit; 22:30 off');
    const line = new Line(settings({ limit }), 'Europe/Copenhagen', clock, () => undefined);
    const at = (time: number) => {
      clock.stepWall(time - clock.now());
      return line.bytesPerSecond();
    };
    // Summer time: UTC+2.
    expect(at(Date.UTC(2026, 9, 24, 4, 59))).toBe(Number.POSITIVE_INFINITY);
    expect(at(Date.UTC(2026, 9, 24, 5, 0))).toBe(500_000);
    expect(at(Date.UTC(2026, 9, 24, 17, 0))).toBe(1_000_000);
    expect(at(Date.UTC(2026, 9, 24, 20, 30))).toBe(Number.POSITIVE_INFINITY);
    // Winter time from the next morning on: UTC+1.
    expect(at(Date.UTC(2026, 9, 25, 5, 59))).toBe(Number.POSITIVE_INFINITY);
    expect(at(Date.UTC(2026, 9, 25, 6, 0))).toBe(500_000);
    expect(at(Date.UTC(2026, 9, 25, 23, 0))).toBe(Number.POSITIVE_INFINITY);
  });

  it('sends nothing new in a pause; what is under way goes on as before', () => {
    const clock = new FakeClock(Date.UTC(2026, 4, 3, 12));
    const line = new Line(
      settings({ limit: timetable.parse('06:00 2Mbit; 13:00 pause') }),
      'UTC',
      clock,
      () => undefined,
    );
    expect(line.closed()).toBeUndefined();
    clock.stepWall(HOUR);
    expect(line.closed()).toEqual({ reason: expect.stringContaining('upload.limit'), exceptMotion: false });
    expect(line.bytesPerSecond()).toBe(250_000);
  });

  it('sends only motion, or nothing, while the default route takes a metered interface', () => {
    const clock = new FakeClock();
    let route: string | undefined = 'wwan0';
    const line = (send: 'motion' | 'nothing') =>
      new Line(settings({ metered: { interfaces: ['usb0', 'wwan0'], send } }), 'UTC', clock, () => route);
    const [careful, silent] = [line('motion'), line('nothing')];
    expect(careful.closed()).toEqual({ reason: expect.stringContaining('metered (wwan0)'), exceptMotion: true });
    expect(silent.closed()).toMatchObject({ exceptMotion: false });
    route = 'eth0';
    // Not asked again at once: it is asked about for every file.
    expect(silent.closed()).toBeDefined();
    clock.suspend(10_000);
    expect(silent.closed()).toBeUndefined();
    route = undefined;
    clock.suspend(10_000);
    expect(careful.closed()).toBeUndefined();
  });
});
