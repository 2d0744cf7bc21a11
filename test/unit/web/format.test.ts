import { describe, expect, it } from 'vitest';
import { ago, bytes, count, duration } from '../../../web/src/format.js';
import { actionFor } from '../../../web/src/player/keys.js';

describe('numbers as words', () => {
  it('bytes', () => {
    expect([0, 999, 1000, 12_400_000, 412_300_000, 999_600_000, 87e9].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '12.4 MB',
      '412 MB',
      '1.0 GB',
      '87.0 GB',
    ]);
  });

  it('durations', () => {
    expect([0, 300, 900, 59_000, 61_000, 600_000, 3_600_000, 11_400_000, 187_200_000].map(duration)).toEqual([
      '0 s',
      'under 1 s',
      '1 s',
      '59 s',
      '1 min 1 s',
      '10 min',
      '1 h',
      '3 h 10 min',
      '2 d 4 h',
    ]);
  });

  it('ages and what is still to come', () => {
    expect(ago(1000, 1500)).toBe('just now');
    expect(ago(0, 8000)).toBe('8 s ago');
    expect(ago(42_000, 0)).toBe('in 42 s');
  });

  it('counts', () => {
    expect([count(1, 'file'), count(1200, 'file')]).toEqual(['1 file', '1,200 files']);
  });
});

describe('keys', () => {
  it('move by ten seconds, or a minute with Shift', () => {
    expect(actionFor('ArrowLeft', false)).toEqual({ do: 'move', ms: -10_000 });
    expect(actionFor('ArrowRight', true)).toEqual({ do: 'move', ms: 60_000 });
  });

  it('leave the browser its own', () => {
    for (const key of ['Tab', 'Enter', 'Escape', 'F5', 'a']) expect(actionFor(key, false)).toBeUndefined();
  });
});
