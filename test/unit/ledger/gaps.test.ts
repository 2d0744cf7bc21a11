import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapEntry, whole } from '../../../src/ledger/gaps.js';
import { Ledger } from '../../../src/ledger/ledger.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

const all = () => ledger.gaps.between('gate', 0, 10_000).map(({ start, end, cause }) => [start, end, cause]);

describe('gaps', () => {
  it('opens one at a time and closes it where footage resumes', () => {
    ledger.gaps.open('gate', 100, 'unreachable', 'refused');
    ledger.gaps.open('yard', 100, 'silent');
    expect(ledger.gaps.current('gate')).toMatchObject({ start: 100, end: undefined, detail: 'refused' });
    ledger.gaps.close('gate', 250.4);
    expect(ledger.gaps.current('gate')).toBeUndefined();
    expect(all()).toEqual([[100, 250, 'unreachable']]);
    expect(ledger.gaps.current('yard')).toBeDefined();
  });

  it('keeps the beginning of an open gap and takes the newest cause', () => {
    ledger.gaps.open('gate', 100, 'unreachable');
    ledger.gaps.open('gate', 300, 'sign-in-refused', 'wrong password');
    expect(ledger.gaps.current('gate')).toMatchObject({
      start: 100,
      cause: 'sign-in-refused',
      detail: 'wrong password',
    });
  });

  it('of a lost ledger ends where a killed recorder saw it last, and keeps its cause until then', () => {
    ledger.gaps.open('gate', 100, 'ledger-lost');
    ledger.gaps.extend('gate', 300);
    expect(ledger.gaps.told('gate', 0, 10_000, false)).toMatchObject([
      { start: 100, end: 300, cause: 'ledger-lost' },
      { start: 300, end: undefined, cause: 'recorder-crashed' },
    ]);
    expect([...ledger.endAbandoned(400)]).toEqual(['gate']);
    expect(all()).toEqual([[100, 300, 'ledger-lost']]);
  });

  describe('where no recorder runs, one that was open', () => {
    const told = (isRunning: boolean, from = 0, to = 10_000) =>
      ledger.gaps.told('gate', from, to, isRunning).map(({ start, end, cause }) => [start, end, cause]);

    it('lasted as long as it was seen to; what came then is the kill, as the next start will note', () => {
      ledger.gaps.add('gate', 10, 20, 'silent');
      ledger.gaps.open('gate', 100, 'unreachable', 'refused');
      ledger.gaps.extend('gate', 400);
      const whole = [
        [10, 20, 'silent'],
        [100, undefined, 'unreachable'],
      ];
      expect(told(true)).toEqual(whole);
      expect(told(false)).toEqual([
        [10, 20, 'silent'],
        [100, 400, 'unreachable'],
        [400, undefined, 'recorder-crashed'],
      ]);
      expect(ledger.gaps.told('gate', 0, 10_000, false).at(-1)!.detail).toBeUndefined();
      expect(told(false, 500, 600)).toEqual([[400, undefined, 'recorder-crashed']]);
      expect(told(false, 0, 300)).toEqual([
        [10, 20, 'silent'],
        [100, 400, 'unreachable'],
      ]);
      expect(all()).toEqual(whole);
    });

    it('is the kill from its start where it was never seen', () => {
      ledger.gaps.open('gate', 100, 'unreachable');
      expect(told(false)).toEqual([[100, undefined, 'recorder-crashed']]);
    });

    it.each(['recorder-stopped', 'recorder-crashed'] as const)('stays what it is: %s', (cause) => {
      ledger.gaps.open('gate', 100, cause);
      ledger.gaps.extend('gate', 400);
      expect(told(false)).toEqual([[100, undefined, cause]]);
    });
  });

  it('forgets a gap that turns out to be empty', () => {
    ledger.gaps.open('gate', 100, 'starting');
    ledger.gaps.close('gate', 100);
    ledger.gaps.add('gate', 50, 50, 'silent');
    expect(all()).toEqual([]);
  });

  it.each([
    ['its end is cut', 300, 600, [[100, 300, 'silent']]],
    ['its beginning is cut', 50, 200, [[200, 400, 'silent']]],
    [
      'it is split',
      200,
      300,
      [
        [100, 200, 'silent'],
        [300, 400, 'silent'],
      ],
    ],
    ['it is gone', 100, 400, []],
    ['footage before it changes nothing', 50, 100, [[100, 400, 'silent']]],
    ['footage after it changes nothing', 400, 500, [[100, 400, 'silent']]],
  ])('when footage is found, %s', (_, start, end, expected) => {
    ledger.gaps.add('gate', 100, 400, 'silent');
    ledger.gaps.fill('gate', start, end);
    expect(all()).toEqual(expected);
  });

  it('is listed in the index once, however often it is cut back afterwards', () => {
    const pending = () => ledger.chains.pending('gate', 10).map(({ entry }) => [entry.start, entry.end]);
    ledger.gaps.add('gate', 100, 400, 'silent');
    ledger.gaps.fill('gate', 100, 150);
    expect(pending()).toEqual([[150, 400]]);
    const ids = ledger.chains.pending('gate', 10).map(({ id }) => id);
    ledger.transaction(() => ledger.chains.advance('gate', ids, { n: 1, prev: '', shard: 1 }));
    ledger.gaps.fill('gate', 200, 300);
    expect(all()).toEqual([
      [150, 200, 'silent'],
      [300, 400, 'silent'],
    ]);
    expect(pending()).toEqual([]);
    // What lasts has never been listed.
    ledger.gaps.open('gate', 500, 'silent');
    ledger.gaps.fill('gate', 500, 600);
    ledger.gaps.close('gate', 700);
    expect(pending()).toEqual([[600, 700]]);
  });

  it('is not taken for listed because one was that is gone by now', () => {
    ledger.gaps.add('gate', 100, 400, 'silent');
    const ids = ledger.chains.pending('gate', 10).map(({ id }) => id);
    ledger.gaps.fill('gate', 100, 400);
    ledger.gaps.add('gate', 500, 700, 'silent');
    ledger.transaction(() => ledger.chains.advance('gate', ids, { n: 1, prev: '', shard: 1 }));
    expect(ledger.chains.pending('gate', 10).map(({ entry }) => entry.start)).toEqual([500]);
  });

  it('fills an open gap and leaves it open behind the footage', () => {
    ledger.gaps.open('gate', 100, 'recorder-crashed');
    ledger.gaps.fill('gate', 100, 250);
    expect(all()).toEqual([[250, undefined, 'recorder-crashed']]);
    ledger.gaps.fill('gate', 300, 400);
    expect(all()).toEqual([
      [250, 300, 'recorder-crashed'],
      [400, undefined, 'recorder-crashed'],
    ]);
  });

  it('leaves gaps of another clock whole: the same moment by that one was another', () => {
    ledger.gaps.add('gate', 100, 400, 'silent');
    ledger.clockSteps.add('gate', 500, 50);
    const era = ledger.clockSteps.era('gate');
    ledger.gaps.open('gate', 50, 'unreachable');
    // Recorded before the clock was set back, and saved only now: it lies ahead of what lasts.
    ledger.gaps.fill('gate', 400, 450, 0);
    expect(all()).toEqual([
      [50, undefined, 'unreachable'],
      [100, 400, 'silent'],
    ]);
    ledger.gaps.fill('gate', 50, 200);
    expect(all()).toEqual([
      [100, 400, 'silent'],
      [200, undefined, 'unreachable'],
    ]);
    ledger.gaps.fill('gate', 100, 300, 0);
    expect(ledger.gaps.between('gate', 0, 10_000).map((gap) => [gap.start, gap.end, gap.era])).toEqual([
      [200, undefined, era],
      [300, 400, 0],
    ]);
  });

  it('finds what touches an interval, open gaps too, by start', () => {
    ledger.gaps.add('gate', 100, 900, 'silent');
    ledger.gaps.add('gate', 10, 50, 'starting');
    ledger.gaps.open('gate', 950, 'unreachable');
    const starts = (from: number, to: number) => ledger.gaps.between('gate', from, to).map((gap) => gap.start);
    expect(starts(50, 100)).toEqual([]);
    expect(starts(49, 101)).toEqual([10, 100]);
    expect(starts(5_000, 6_000)).toEqual([950]);
    expect(starts(0, 950)).toEqual([10, 100]);
  });

  it('is cut at full hours while it lasts, once nothing before is to come, and is one again for who counts', () => {
    const [hour, minute] = [3_600_000, 60_000];
    ledger.gaps.open('gate', 5 * minute, 'unreachable', 'refused');
    ledger.gaps.extend('gate', hour + 2 * minute);
    expect(ledger.gaps.between('gate', 0, hour)).toHaveLength(1);
    ledger.gaps.extend('gate', 3 * hour + 4 * minute);
    ledger.gaps.extend('gate', 3 * hour + 5 * minute);
    ledger.gaps.extend('gate', 4 * hour + 4 * minute);
    ledger.gaps.close('gate', 4 * hour + 9 * minute);
    ledger.gaps.add('gate', 4 * hour + 9 * minute, 4 * hour + 10 * minute, 'silent');
    const rows = ledger.gaps.between('gate', 0, 9 * hour);
    expect(rows.map(({ start, end }) => [start / minute, end! / minute])).toEqual([
      [5, 180],
      [180, 240],
      [240, 249],
      [249, 250],
    ]);
    expect(whole(rows).map(({ start, end, cause }) => [start / minute, end! / minute, cause])).toEqual([
      [5, 249, 'unreachable'],
      [249, 250, 'silent'],
    ]);
  });

  it('is in the index up to now while it lasts', () => {
    ledger.gaps.open('gate', 100, 'silent');
    expect(gapEntry(ledger.gaps.current('gate')!, 700)).toEqual({
      ...{ type: 'gap', camera: 'gate', start: 100, end: 700, cause: 'silent', detail: undefined },
    });
    expect(gapEntry(ledger.gaps.current('gate')!, 50).end).toBe(100);
  });
});
