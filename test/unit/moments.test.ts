import { describe, expect, it } from 'vitest';
import { moment, shown } from '../../src/cli/moments.js';

const NOW = Date.UTC(2026, 9, 25, 12);
const at = (text: string, zone = 'Europe/Copenhagen') => new Date(moment('--from', text, zone, NOW)).toISOString();

describe('a moment', () => {
  it.each([
    ['2026-05-03', '2026-05-02T22:00:00.000Z'],
    ['2026-05-03 14:30', '2026-05-03T12:30:00.000Z'],
    ['2026-12-03T14:30:05', '2026-12-03T13:30:05.000Z'],
    ['2026-05-03T14:30:00Z', '2026-05-03T14:30:00.000Z'],
    ['2026-05-03T14:30:00+05:30', '2026-05-03T09:00:00.000Z'],
    ['24h', '2026-10-24T12:00:00.000Z'],
    ['now', '2026-10-25T12:00:00.000Z'],
    // The night clocks are set back: the first of both; the night they are set forward: after the hour left out.
    ['2026-10-25 02:30', '2026-10-25T00:30:00.000Z'],
    ['2026-03-29 02:30', '2026-03-29T01:30:00.000Z'],
  ])('%s is understood', (text, expected) => expect(at(text)).toBe(expected));

  it('is of the zone it is asked in', () => {
    expect(at('2026-05-03', 'UTC')).toBe('2026-05-03T00:00:00.000Z');
    expect(at('2026-05-03', 'America/New_York')).toBe('2026-05-03T04:00:00.000Z');
    expect(at('2026-05-03 00:00', 'Asia/Kathmandu')).toBe('2026-05-02T18:15:00.000Z');
  });

  it.each(['', 'yesterday', '2026-13-03', '2026-02-30', '03.05.2026', '5', '2026-05-03T14'])(
    '%j is refused',
    (text) => {
      expect(() => at(text)).toThrow(/--from .* is not a moment/);
    },
  );

  it('is shown as clocks of the zone show it', () => {
    expect(shown(Date.UTC(2026, 4, 3, 12, 30, 5, 900), 'Europe/Copenhagen')).toBe('2026-05-03 14:30:05');
    expect(shown(Date.UTC(2026, 0, 1), 'America/New_York')).toBe('2025-12-31 19:00:00');
  });
});
