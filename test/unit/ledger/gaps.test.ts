import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapEntry } from '../../../src/ledger/gaps.js';
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

  it('is in the index up to now while it lasts', () => {
    ledger.gaps.open('gate', 100, 'silent');
    expect(gapEntry(ledger.gaps.current('gate')!, 700)).toEqual({
      ...{ type: 'gap', camera: 'gate', start: 100, end: 700, cause: 'silent', detail: undefined },
    });
    expect(gapEntry(ledger.gaps.current('gate')!, 50).end).toBe(100);
  });
});
