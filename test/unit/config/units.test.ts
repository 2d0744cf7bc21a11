import { describe, expect, it } from 'vitest';
import { bytes, duration } from '../../../src/config/units.js';

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
