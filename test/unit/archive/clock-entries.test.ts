import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listings } from '../../../src/archive/listing.js';
import { parseShard, serialiseEntry } from '../../../src/archive/shard.js';
import { account } from '../../../src/archive/timeline.js';
import { ToldTime } from '../../../src/archive/verify/told-time.js';
import type { ClockEntry, Entry } from '../../../src/segment.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

const DAY = 24 * 60 * MINUTE;

function set(byMs: number, at = NOON): ClockEntry {
  const [start, end] = byMs > 0 ? [at, at + byMs] : [at + byMs, at];
  return { type: 'clock', camera: 'gate', start, end, byMs };
}
const gap = (start: number, end: number): Entry => ({ type: 'gap', camera: 'gate', start, end, cause: 'silent' });

describe('an entry that tells of a clock that was set', () => {
  it('is written and read as it is', () => {
    for (const entry of [set(DAY), set(-DAY)]) {
      const text = `${serialiseEntry(entry, 1, '0'.repeat(64))}\n`;
      expect(parseShard('s', text)).toEqual({ entries: [entry], problems: [] });
    }
  });

  it('is listed in the hours of both clocks, and in none of the decades between', () => {
    const entry = set(20_000 * DAY, 5 * MINUTE);
    expect(listings(entry)).toEqual([
      { hour: 0, entry },
      { hour: 20_000 * DAY, entry },
    ]);
    expect(listings(set(MINUTE))).toHaveLength(1);
  });

  it('explains the time it was set over, and no more than that', () => {
    const range = { start: NOON - MINUTE, end: NOON + DAY + MINUTE };
    const around = [gap(NOON - MINUTE, NOON), gap(NOON + DAY, NOON + DAY + MINUTE)];
    expect(account(around, range).unaccountedMs).toBe(DAY);
    expect(account([...around, set(DAY)], range)).toMatchObject({
      ...{ configuredMs: 2 * MINUTE, gapMs: 2 * MINUTE, unaccountedMs: 0 },
    });
    // A gap in that time, once it comes, is a gap; and a clock set back explains nothing.
    const later = gap(NOON + MINUTE, NOON + 2 * MINUTE);
    expect(account([...around, set(DAY), later], range)).toMatchObject({ gapMs: 3 * MINUTE, configuredMs: 3 * MINUTE });
    expect(account([...around, set(-DAY, NOON + DAY)], range).unaccountedMs).toBe(DAY);
  });

  it('keeps verify from calling that time lost, however many days it lasts', () => {
    const day = (n: number, ...entries: Entry[]) => entries.map((entry) => ({ ...entry, day: n }));
    const told = new ToldTime();
    told.add(day(0, gap(NOON - MINUTE, NOON), set(30 * DAY)));
    told.add(day(30, gap(NOON + 30 * DAY, NOON + 30 * DAY + MINUTE), set(30 * DAY)));
    told.add(day(30, gap(NOON + 30 * DAY + MINUTE, NOON + 30 * DAY + 2 * MINUTE)));
    expect(told.findings('here', 'gate')).toEqual([]);
  });
});

describe('the ledger', () => {
  let storage: Storage;
  beforeEach(() => {
    storage = new Storage();
  });
  afterEach(() => storage.close());

  it('owes the index each step once', () => {
    const { chains, clockSteps } = storage.ledger;
    clockSteps.add('gate', NOON, NOON + DAY);
    clockSteps.add('gate', NOON + DAY + MINUTE, NOON + MINUTE);
    expect(chains.cameras()).toEqual(['gate']);
    expect(chains.oldestPending('gate')).toBe(NOON + MINUTE);
    const pending = chains.pending('gate', 10);
    expect(pending.map(({ entry }) => (entry as ClockEntry).byMs).sort()).toEqual([DAY, -DAY].sort());
    chains.advance(
      'gate',
      pending.map(({ id }) => id),
      { n: 2, prev: 'x', shard: 1 },
    );
    expect(chains.pending('gate', 10)).toEqual([]);
  });
});
