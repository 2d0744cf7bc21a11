import { describe, expect, it } from 'vitest';
import { addDays, utcDays, Zone } from '../../../web/src/timeline/zone.js';

const HOUR = 3_600_000;
const copenhagen = new Zone('Europe/Copenhagen');

describe('Zone', () => {
  it('knows the local day of a UTC time', () => {
    expect(copenhagen.dayOf(Date.parse('2026-05-03T22:30:00Z'))).toBe('2026-05-04');
    expect(copenhagen.clock(Date.parse('2026-05-03T22:30:05Z'))).toBe('00:30:05');
    expect(new Zone('America/Los_Angeles').dayOf(Date.parse('2026-05-03T06:59:59Z'))).toBe('2026-05-02');
  });

  it('gives days of 23, 24 and 25 hours', () => {
    const length = (day: string) => {
      const { from, to } = copenhagen.bounds(day);
      return (to - from) / HOUR;
    };
    expect(length('2026-03-29')).toBe(23);
    expect(length('2026-05-03')).toBe(24);
    expect(length('2026-10-25')).toBe(25);
  });

  it('reads wall-clock times: the first of a repeated one, after the jump for a skipped one', () => {
    expect(copenhagen.at('2026-05-03', '14:05')).toBe(Date.parse('2026-05-03T12:05:00Z'));
    expect(copenhagen.at('2026-10-25', '02:30')).toBe(Date.parse('2026-10-25T00:30:00Z'));
    expect(copenhagen.at('2026-03-29', '02:30')).toBe(Date.parse('2026-03-29T01:30:00Z'));
  });

  it('ticks at whole local hours, also where zones are a quarter off and days change length', () => {
    const kathmandu = new Zone('Asia/Kathmandu');
    const { from, to } = kathmandu.bounds('2026-05-03');
    const ticks = kathmandu.ticks(from, to, 6 * HOUR).map((time) => kathmandu.shortClock(time));
    expect(ticks).toEqual(['00:00', '06:00', '12:00', '18:00', '00:00']);
    const long = copenhagen.bounds('2026-10-25');
    expect(copenhagen.ticks(long.from, long.to, 3 * HOUR).map((time) => copenhagen.shortClock(time))).toEqual([
      '00:00',
      '03:00',
      '06:00',
      '09:00',
      '12:00',
      '15:00',
      '18:00',
      '21:00',
      '00:00',
    ]);
  });

  it('falls back to UTC for a zone nobody knows', () => {
    expect(new Zone('Mars/Olympus').name).toBe('UTC');
  });
});

describe('days', () => {
  it('are counted over month ends', () => {
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
  });

  it('of UTC that a local day touches', () => {
    const { from, to } = copenhagen.bounds('2026-05-03');
    expect(utcDays(from, to)).toEqual(['2026-05-02', '2026-05-03']);
    const utc = new Zone('UTC').bounds('2026-05-03');
    expect(utcDays(utc.from, utc.to)).toEqual(['2026-05-03']);
  });
});
