import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

const ready = (n: number, remotes: string[] = ['far']) => {
  const id = ledger.files.begin(newFile(NOON + n * MINUTE));
  ledger.files.setState(id, 'ready');
  ledger.deliveries.add(id, remotes);
  return id;
};
const next = (now = NOON, except: number[] = [], limit = 10) =>
  ledger.deliveries.next('far', now, new Set(except), limit).map(({ file }) => file.id);

describe('deliveries', () => {
  it('sends the newest first, what failed after that, and what is not due not at all', () => {
    const [a, b, c, d] = [0, 1, 2, 3].map((n) => ready(n));
    ledger.deliveries.postponed(d!, 'far', NOON - 20, 'no');
    ledger.deliveries.postponed(c!, 'far', NOON + 20, 'no');
    expect(next()).toEqual([b, a, d]);
    expect(next(NOON + 20)).toEqual([b, a, d, c]);
  });

  it('leaves out what is being sent and still fills the room', () => {
    const [a, b, c] = [0, 1, 2].map((n) => ready(n));
    expect(next(NOON, [c!], 1)).toEqual([b]);
    expect(next(NOON, [c!, b!], 2)).toEqual([a]);
  });

  it('offers only files that are whole in the spool', () => {
    const [a, b] = [ready(0), ready(1)];
    ledger.files.setState(a, 'committing');
    expect(next()).toEqual([b]);
    ledger.files.setState(b, 'lost');
    expect(next()).toEqual([]);
  });

  it('says when the next postponed one is due, whatever else is waiting', () => {
    const [a, b] = [ready(0), ready(1), ready(2)];
    expect(ledger.deliveries.nextDue('far', NOON)).toBeUndefined();
    ledger.deliveries.postponed(a, 'far', NOON + 700, 'no');
    ledger.deliveries.postponed(b, 'far', NOON + 300, 'no');
    expect(ledger.deliveries.nextDue('far', NOON)).toBe(NOON + 300);
    expect(ledger.deliveries.nextDue('far', NOON + 300)).toBe(NOON + 700);
    expect(ledger.deliveries.nextDue('other', NOON)).toBeUndefined();
  });

  it('counts attempts, remembers why, and forgets both when it is delivered', () => {
    const a = ready(0);
    ledger.deliveries.postponed(a, 'far', 0, 'the disk is full');
    expect(ledger.deliveries.lastError('far')).toBe('the disk is full');
    expect(ledger.deliveries.next('far', NOON, new Set(), 1)[0]).toMatchObject({ attempts: 1, begun: false });
    ledger.deliveries.started(a, 'far');
    expect(ledger.deliveries.next('far', NOON, new Set(), 1)[0]).toMatchObject({ attempts: 1, begun: true });
    ledger.deliveries.verified(a, 'far', NOON, 'stat');
    expect(ledger.deliveries.lastError('far')).toBeUndefined();
    expect(next()).toEqual([]);
  });

  it('is outstanding until every remote has it', () => {
    const a = ready(0, ['far', 'near']);
    ledger.deliveries.verified(a, 'far', NOON, 'stat');
    expect(ledger.deliveries.outstanding(a)).toEqual(['near']);
    ledger.deliveries.verified(a, 'near', NOON, 'list');
    expect(ledger.deliveries.outstanding(a)).toEqual([]);
  });

  it('owes what still waits to a remote that is added, not what has left the waiting folder, and nothing twice', () => {
    const [waiting, sent, lost] = [ready(0, ['near']), ready(1, ['near']), ready(2, ['near'])];
    ledger.files.verified(sent, NOON, undefined);
    ledger.files.setState(lost, 'lost');
    ledger.deliveries.ensure('far');
    expect(next()).toEqual([waiting]);
    ledger.deliveries.verified(waiting, 'far', NOON, 'stat');
    ledger.deliveries.ensure('far');
    expect(next()).toEqual([]);
  });

  it('starts over under a new key, on every remote and as if nothing had been sent', () => {
    const a = ready(0, ['far', 'near']);
    ledger.deliveries.started(a, 'far');
    ledger.deliveries.postponed(a, 'far', NOON + 900, 'no');
    ledger.deliveries.verified(a, 'near', NOON, 'stat');
    ledger.deliveries.startOver(a);
    expect(ledger.deliveries.outstanding(a).sort()).toEqual(['far', 'near']);
    expect(ledger.deliveries.next('far', NOON, new Set(), 1)[0]).toMatchObject({ attempts: 0, begun: false });
  });

  it('tries everything at once when a remote is back', () => {
    const a = ready(0);
    ledger.deliveries.postponed(a, 'far', NOON + 900, 'no');
    expect(next()).toEqual([]);
    ledger.deliveries.retryNow('far');
    expect(next()).toEqual([a]);
  });
});
