import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

let made = 0;
/** A file that the remote took at noon, and that is to be looked at once more after so many minutes. */
const doubted = (minutes: number) => {
  const id = ledger.files.begin(newFile(NOON + made++ * MINUTE, { kind: 'motion' }));
  ledger.files.setState(id, 'ready');
  ledger.deliveries.add(id, ['far']);
  ledger.doubts.begin(id, 'far', NOON, NOON + minutes * MINUTE, 'stat', 'size');
  return id;
};
const next = (minutes: number, except: number[] = []) =>
  ledger.doubts.next('far', NOON + minutes * MINUTE, new Set(except))?.id;

describe('a copy in doubt', () => {
  it('counts as little as one that waits, and is not sent', () => {
    const id = doubted(15);
    expect(ledger.deliveries.outstanding(id)).toEqual(['far']);
    expect(ledger.deliveries.newest('far', 0, NOON, new Set())).toBeUndefined();
    expect(ledger.owed.remotes()).toEqual(['far']);
    expect(ledger.owed.to('far').files).toBe(1);
    ledger.transaction(() => ledger.owed.forget('far', ['other'], NOON));
    expect(ledger.files.byId(id)!.verifiedAt).toBeUndefined();
  });

  it('is looked at when it is due, the first that is first', () => {
    const [late, early] = [doubted(20), doubted(15)];
    expect(next(14)).toBeUndefined();
    expect(ledger.doubts.nextDue('far', NOON)).toBe(NOON + 15 * MINUTE);
    expect(ledger.doubts.nextDue('far', NOON + 15 * MINUTE)).toBe(NOON + 20 * MINUTE);
    expect(ledger.doubts.nextDue('other', NOON)).toBeUndefined();
    expect(next(20)).toBe(early);
    expect(next(20, [early])).toBe(late);
    ledger.doubts.postponed(early, 'far', NOON + 30 * MINUTE);
    expect(next(20)).toBe(late);
  });

  it('is verified as of the time it was put, once it was found to be whole', () => {
    const id = doubted(15);
    ledger.doubts.cleared(id, 'far');
    expect(ledger.deliveries.outstanding(id)).toEqual([]);
    expect(ledger.deliveries.punctuality('far', NOON, 0)).toMatchObject({ sent: 1 });
    expect(ledger.deliveries.punctuality('far', NOON + 1, 0)).toMatchObject({ sent: 0 });
    expect(next(60)).toBeUndefined();
  });

  it('is owed again, as one that was begun, once it was found to be damaged', () => {
    const id = doubted(15);
    ledger.deliveries.started(ledger.files.byId(id)!, 'far');
    ledger.doubts.justified(id, 'far', '3 of 5 bytes are there');
    const waits = ledger.deliveries.newest('far', 0, NOON, new Set())!;
    expect(waits).toMatchObject({ begun: true, attempts: 1 });
    expect(waits.file.id).toBe(id);
    expect(ledger.deliveries.lastError('far')).toBe('3 of 5 bytes are there');
  });

  it('is looked at no sooner and no later because the clock was set', () => {
    const id = doubted(15);
    ledger.shiftWaits(60 * MINUTE);
    expect(next(74)).toBeUndefined();
    expect(next(75)).toBe(id);
    ledger.doubts.capWaits(NOON, 30 * MINUTE);
    expect(next(30)).toBe(id);
  });
});
