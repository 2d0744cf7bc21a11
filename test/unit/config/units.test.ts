import { describe, expect, it } from 'vitest';
import { bytes, duration, timetable } from '../../../src/config/units.js';

describe('units', () => {
  it.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5 h', 5_400_000],
    ['5m', 300_000],
    ['2d', 172_800_000],
  ])('reads %s', (text, ms) => expect(duration.parse(text)).toBe(ms));

  it.each([
    ['200GB', 200e9],
    ['512MiB', 512 * 2 ** 20],
    ['1kB', 1_000],
    ['7B', 7],
  ])('reads %s', (text, size) => expect(bytes.parse(text)).toBe(size));

  it.each(['5', '5 min', '-5m', 'm', '5m5s', ''])('does not guess what %s means', (text) => {
    expect(duration.safeParse(text).error?.issues[0]?.message).toContain('e.g. 5m');
  });
});

describe('a timetable', () => {
  it.each([
    ['4Mbit', [{ minute: 0, limit: 500_000 }]],
    ['off', [{ minute: 0, limit: 'off' }]],
    [
      '19:00 off; 07:00 4Mbit',
      [
        { minute: 420, limit: 500_000 },
        { minute: 1_140, limit: 'off' },
      ],
    ],
    [
      '0:30 1.5MB/s ;23:59 pause',
      [
        { minute: 30, limit: 1_500_000 },
        { minute: 1_439, limit: 'pause' },
      ],
    ],
  ])('reads %s', (text, expected) => expect(timetable.parse(text)).toEqual(expected));

  it.each([
    '',
    '4',
    '4 Mbit',
    '4mbit',
    '07:00',
    '07:00 4Mbit; off',
    '24:00 off',
    '07:60 off',
    '7:00 off; 07:00 4Mbit',
    '1Mbit;',
    '0Mbit',
    '1B/s',
  ])('does not guess what "%s" means', (text) =>
    expect(timetable.safeParse(text).error?.issues[0]?.message).toContain('07:00 4Mbit; 19:00 off'),
  );
});
