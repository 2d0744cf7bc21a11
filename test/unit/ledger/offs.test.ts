import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

const DAY = 86_400_000;
const all = () => ledger.offs.between('gate', 0, 10 * DAY).map(({ start, end, reason }) => [start, end, reason]);

describe('time off', () => {
  it('is known as far as it was last extended', () => {
    ledger.offs.open('gate', 100, 'no-motion');
    ledger.offs.extend('gate', 700);
    ledger.offs.extend('gate', 600);
    ledger.offs.open('gate', 300, 'no-motion');
    expect(all()).toEqual([[100, 700, 'no-motion']]);
    expect(ledger.coveredUntil('gate')).toBe(700);
    ledger.offs.closeAbandoned();
    expect(ledger.offs.current('gate')).toBeUndefined();
    expect(all()).toEqual([[100, 700, 'no-motion']]);
  });

  it('may end before what it was known to last until, because what was held in memory is kept after all', () => {
    ledger.offs.open('gate', 100, 'no-motion');
    ledger.offs.extend('gate', 700);
    ledger.offs.close('gate', 650);
    ledger.offs.open('gate', 900, 'no-motion');
    ledger.offs.close('gate', 900);
    expect(all()).toEqual([[100, 650, 'no-motion']]);
  });

  it('begins anew where the reason is another', () => {
    ledger.offs.open('gate', 100, 'no-motion');
    ledger.offs.open('gate', 400, 'schedule');
    ledger.offs.extend('gate', 500);
    expect(all()).toEqual([
      [100, 400, 'no-motion'],
      [400, 500, 'schedule'],
    ]);
  });

  it('is closed at midnight, so that the index of a day can be complete', () => {
    ledger.offs.open('gate', DAY - 100, 'mode');
    ledger.offs.extend('gate', DAY + 50);
    expect(all()).toEqual([
      [DAY - 100, DAY, 'mode'],
      [DAY, DAY + 50, 'mode'],
    ]);
    expect(ledger.chains.pending('gate', 9)).toHaveLength(1);
    expect(ledger.offs.current('gate')).toMatchObject({ start: DAY, lasts: true });
  });

  it('that lasts is told to the index by the hour, in pieces that join, once nothing can reach back over it', () => {
    const [start, minute] = [DAY + 90 * 60_000, 60_000];
    const told = () => ledger.chains.pending('gate', 99).map(({ entry }) => [entry.start, entry.end]);
    ledger.offs.open('gate', start, 'no-motion');
    for (let at = start; at <= start + 31 * minute; at += minute) ledger.offs.extend('gate', at);
    expect(told()).toEqual([]);
    for (let at = start; at <= start + 99 * minute; at += minute) ledger.offs.extend('gate', at);
    expect(told()).toEqual([
      [start, start + 30 * minute],
      [start + 30 * minute, start + 90 * minute],
    ]);
    expect(ledger.offs.current('gate')).toMatchObject({ start: start + 90 * minute, end: start + 99 * minute });
    // Days after which nobody told anything: nothing is left out.
    ledger.offs.extend('gate', start + 2 * DAY);
    const all = [...told(), [ledger.offs.current('gate')!.start, start + 2 * DAY]];
    for (const [n, [from]] of all.entries()) expect(from).toBe(n === 0 ? start : all[n - 1]![1]);
  });

  it('gives way to footage', () => {
    ledger.offs.open('gate', 100, 'schedule');
    ledger.offs.extend('gate', 1_000);
    ledger.offs.fill('gate', 300, 400, 7);
    expect(ledger.offs.between('gate', 0, 1_000)).toHaveLength(1);
    ledger.offs.fill('gate', 300, 400);
    expect(all()).toEqual([
      [100, 300, 'schedule'],
      [400, 1_000, 'schedule'],
    ]);
    ledger.offs.fill('gate', 900, 1_200);
    ledger.offs.extend('gate', 1_500);
    expect(all().slice(1)).toEqual([
      [400, 900, 'schedule'],
      [1_200, 1_500, 'schedule'],
    ]);
  });
});
