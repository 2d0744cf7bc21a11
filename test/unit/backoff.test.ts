import { describe, expect, it } from 'vitest';
import { Backoff, backoffMs, jitter } from '../../lib/backoff.js';

describe('back-off', () => {
  it('doubles from the least to the most, and begins again when things work', () => {
    const backoff = new Backoff(1_000, 30_000, () => 1);
    expect([1, 2, 3, 4, 5, 6, 7].map(() => backoff.next())).toEqual([1, 2, 4, 8, 16, 30, 30].map((s) => s * 1_000));
    backoff.reset();
    expect(backoff.next()).toBe(1_000);
  });

  it('is spread over the upper half, so that not all return at once', () => {
    expect([0, 0.5, 1].map((random) => jitter(1_000, () => random))).toEqual([500, 750, 1_000]);
    const drawn = new Set(Array.from({ length: 50 }, () => new Backoff(1_000_000, 1_000_000).next()));
    expect(drawn.size).toBeGreaterThan(40);
  });

  it('never overflows', () => expect(backoffMs(100_000, 1_000, 60_000)).toBe(60_000));
});
