import { describe, expect, it } from 'vitest';
import { Reorder } from '../../../lib/rtsp/reorder.js';

/** Hands packets of these numbers over, one a millisecond, and says in which order they come out. */
function through(sequences: readonly number[], { flush = true, everyMs = 1 } = {}): number[] {
  const out: number[] = [];
  const reorder = new Reorder((bytes) => out.push(bytes.readUInt16BE(2)));
  for (const [n, sequence] of sequences.entries()) reorder.push(packet(sequence), n * everyMs);
  if (flush) reorder.flush();
  return out;
}

function packet(sequence: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(sequence, 2);
  return bytes;
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, n) => (from + n) & 0xffff);

describe('packets by UDP', () => {
  it('come out as they came where they came in order, at once, across the end of the numbers', () => {
    expect(through(range(65_500, 100), { flush: false })).toEqual(range(65_500, 100));
  });

  it('are put in order', () => {
    expect(through([9, 12, 11, 10, 14, 13, 15], { flush: false })).toEqual(range(9, 7));
  });

  it('do not wait for one that stays away: for long, or for many', () => {
    expect(through([1, 3, 4, 5], { flush: false, everyMs: 1 })).toEqual([1]);
    expect(through([1, 3, 4, 5, 6], { flush: false, everyMs: 60 })).toEqual([1, 3, 4, 5, 6]);
    const many = [1, ...range(3, 130)];
    expect(through(many, { flush: false, everyMs: 0 })).toEqual(many);
  });

  it('all come out in the end', () => {
    expect(through([1, 5, 3, 9])).toEqual([1, 3, 5, 9]);
  });

  it('that are late or come twice are handed on for whoever counts, and hold up nothing', () => {
    expect(through([5, 6, 6, 4, 7], { flush: false })).toEqual([5, 6, 6, 4, 7]);
  });

  it('of a camera that counts anew go on from there', () => {
    expect(through([20_000, 20_001, 20, 21, 23, 22, 24], { flush: false })).toEqual([
      20_000, 20_001, 20, 21, 22, 23, 24,
    ]);
  });

  it('too short to have a number are left out', () => {
    const out: Buffer[] = [];
    new Reorder((bytes) => out.push(bytes)).push(Buffer.alloc(3), 0);
    expect(out).toEqual([]);
  });
});
