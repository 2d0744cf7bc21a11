import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

const begin = (start: number, more = {}) =>
  ledger.motion.begin({ camera: 'gate', source: 'onvif', kind: 'motion', start, ...more });
const spans = (start: number, end: number) => ledger.motion.within({ camera: 'gate', start, end });

describe('motion', () => {
  it('is cut to the time of a file, and absent where nothing moved', () => {
    ledger.motion.end(begin(1_000), 3_000, 0.8);
    begin(9_000);
    expect(spans(2_000, 4_000)).toEqual([{ start: 2_000, end: 3_000, score: 0.8, kind: 'motion', source: 'onvif' }]);
    expect(spans(3_001, 8_000)).toBeUndefined();
    expect(spans(8_000, 20_000)).toMatchObject([{ start: 9_000, end: 20_000 }]);
    expect(ledger.motion.within({ camera: 'yard', start: 0, end: 20_000 })).toBeUndefined();
    expect(ledger.motion.within({ camera: 'gate', start: 2_000, end: 2_000 })).toBeUndefined();
  });

  it('never ends before it begins, and goes on where it is resumed', () => {
    const id = begin(1_000);
    ledger.motion.end(id, 500, undefined);
    expect(ledger.motion.latest('gate')).toMatchObject({ start: 1_000, end: 1_000 });
    ledger.motion.resume(id);
    expect(ledger.motion.latest('gate')).toMatchObject({ end: undefined });
    ledger.motion.endAbandoned();
    expect(ledger.motion.latest('gate')).toMatchObject({ end: 1_000 });
  });

  it('makes a continuous file urgent, and no other', () => {
    const ready = (start: number) => {
      const id = ledger.files.begin(newFile(start, { end: start + MINUTE }));
      ledger.files.setState(id, 'ready');
      ledger.deliveries.add(id, ['aws']);
      return id;
    };
    ledger.motion.end(begin(NOON + 10_000), NOON + 20_000, undefined);
    begin(NOON, { camera: 'yard' });
    const moved = ready(NOON);
    ready(NOON + MINUTE);
    expect(ledger.deliveries.newest('aws', 0, NOON, new Set())?.file.id).toBe(moved);
    expect(ledger.deliveries.newest('aws', 0, NOON, new Set([moved]))).toBeUndefined();
    begin(NOON + 2 * MINUTE);
    const moving = ready(NOON + 2 * MINUTE);
    expect(ledger.deliveries.newest('aws', 0, NOON, new Set([moved]))?.file.id).toBe(moving);
  });
});
