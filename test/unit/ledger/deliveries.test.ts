import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { Order } from '../../../src/upload/order.js';
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
/** Everything due of the one camera there is, as it would be sent. */
const next = (now = NOON, except: number[] = []): number[] => {
  const found = ledger.deliveries.newestOf('far', 'gate', now, new Set(except));
  return found ? [found.file.id, ...next(now, [...except, found.file.id])] : [];
};
const first = () => ledger.deliveries.newestOf('far', 'gate', NOON, new Set());

describe('deliveries', () => {
  it('sends the newest first, and what is not due not at all', () => {
    const [a, b, c, d] = [0, 1, 2, 3].map((n) => ready(n));
    ledger.deliveries.postponed(d!, 'far', NOON - 20, 'no');
    ledger.deliveries.postponed(c!, 'far', NOON + 20, 'no');
    expect(next()).toEqual([d, b, a]);
    expect(next(NOON + 20)).toEqual([d, c, b, a]);
  });

  it('sends what was fetched from cameras afterwards last, also where something moved', () => {
    const own = ready(0);
    const [, fetched] = [1, 2].map((n) => {
      const id = ledger.files.begin(newFile(NOON + n * MINUTE, { source: 'backfilled' }));
      ledger.files.setState(id, 'ready');
      const span = { camera: 'gate', source: 'onvif', kind: 'motion', start: NOON };
      if (n === 1) ledger.motion.end(ledger.motion.begin(span), NOON + 5 * MINUTE, undefined);
      ledger.deliveries.add(id, ['far']);
      return id;
    });
    const order = new Order(ledger, 'far');
    const sent: number[] = [];
    for (let one = order.next(NOON, new Set()); one; one = order.next(NOON, new Set(sent))) sent.push(one.file.id);
    expect(sent.slice(0, 2)).toEqual([own, fetched]);
    expect(sent).toHaveLength(3);
  });

  it('leaves out what is being sent', () => {
    const [a, b, c] = [0, 1, 2].map((n) => ready(n));
    expect(next(NOON, [c!])).toEqual([b, a]);
    expect(next(NOON, [c!, b!])).toEqual([a]);
  });

  it('names the cameras that have a backlog with this remote, each once', () => {
    const of = (camera: string, n: number, kind: 'continuous' | 'motion' = 'continuous') => {
      const id = ledger.files.begin(newFile(NOON + n * MINUTE, { camera, kind }));
      ledger.files.setState(id, 'ready');
      ledger.deliveries.add(id, ['far']);
      return id;
    };
    expect(ledger.deliveries.camerasWaiting('far')).toEqual([]);
    const ids = ['yard', 'gate', 'yard', 'attic'].map((camera, n) => of(camera, n));
    of('hall', 9, 'motion');
    expect(ledger.deliveries.camerasWaiting('far')).toEqual(['attic', 'gate', 'yard']);
    expect(ledger.deliveries.camerasWaiting('near')).toEqual([]);
    ledger.deliveries.verified(ids[1]!, 'far', NOON, 'stat');
    expect(ledger.deliveries.camerasWaiting('far')).toEqual(['attic', 'yard']);
  });

  it('says how punctual motion was', () => {
    const motion = (n: number, tookMs: number) => {
      const file = newFile(NOON + n * MINUTE, { kind: 'motion' });
      const id = ledger.files.begin(file);
      ledger.deliveries.add(id, ['far']);
      ledger.deliveries.verified(id, 'far', file.end + tookMs, 'stat');
    };
    expect(ledger.deliveries.punctuality('far', 0, 60_000)).toEqual({ sent: 0, late: 0, worstMs: undefined });
    motion(0, 10_000);
    motion(1, 60_000);
    motion(2, 60_001);
    ledger.deliveries.verified(ready(3), 'far', NOON + 900 * MINUTE, 'stat');
    expect(ledger.deliveries.punctuality('far', 0, 60_000)).toEqual({ sent: 3, late: 1, worstMs: 60_001 });
    expect(ledger.deliveries.punctuality('far', NOON + 3 * MINUTE, 60_000).sent).toBe(2);
  });

  it('counts nothing as late that a lost ledger took back: when that was delivered is forgotten', () => {
    const file = newFile(NOON, { kind: 'motion', source: 'adopted' });
    const id = ledger.files.begin(file);
    ledger.deliveries.add(id, ['far']);
    ledger.deliveries.verified(id, 'far', file.end + 900 * MINUTE, 'stat');
    expect(ledger.deliveries.punctuality('far', 0, 60_000)).toEqual({ sent: 0, late: 0, worstMs: undefined });
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
    expect(first()).toMatchObject({ attempts: 1, begun: false });
    ledger.deliveries.started(ledger.files.byId(a)!, 'far');
    expect(first()).toMatchObject({ attempts: 1, begun: true });
    ledger.deliveries.verified(a, 'far', NOON, 'stat');
    expect(ledger.deliveries.lastError('far')).toBeUndefined();
    expect(next()).toEqual([]);
  });

  it('may replace what is damaged there until that is done, however often it is tried', () => {
    const a = ready(0);
    ledger.deliveries.verified(a, 'far', NOON, 'stat');
    ledger.files.verified(a, NOON, undefined);
    ledger.deliveries.again(a, 'far');
    for (const attempts of [0, 1]) {
      expect(first()).toMatchObject({ attempts, begun: true, replaces: true });
      ledger.deliveries.started(ledger.files.byId(a)!, 'far');
      ledger.deliveries.postponed(a, 'far', NOON, 'its disk is away');
    }
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
    ledger.deliveries.started(ledger.files.byId(a)!, 'far');
    ledger.deliveries.postponed(a, 'far', NOON + 900, 'no');
    ledger.deliveries.verified(a, 'near', NOON, 'stat');
    ledger.deliveries.startOver(a);
    expect(ledger.deliveries.outstanding(a).sort()).toEqual(['far', 'near']);
    expect(first()).toMatchObject({ attempts: 0, begun: false });
  });

  it('is what it was when work on it began as long as neither its state nor the key of its file changed', () => {
    const file = ledger.files.byId(ready(0))!;
    const isStill = () =>
      (['waiting', 'unproven'] as const).map((state) => ledger.deliveries.isStill(state, file, 'far'));
    expect(isStill()).toEqual([true, false]);
    ledger.deliveries.unproven(file.id, 'far', NOON, 'answer', 'accepted');
    expect(isStill()).toEqual([false, true]);
    ledger.files.rename(file.id, 'another', 'another.mp4', 'from');
    expect(isStill()).toEqual([false, false]);
    expect(ledger.deliveries.started(file, 'far')).toBe(false);
  });

  it('tries everything at once when a remote is back', () => {
    const a = ready(0);
    ledger.deliveries.postponed(a, 'far', NOON + 900, 'no');
    expect(next()).toEqual([]);
    ledger.deliveries.retryNow('far');
    expect(next()).toEqual([a]);
  });
});
