import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

const ready = (start: number, more = {}) => {
  const id = ledger.files.begin(newFile(start, more));
  ledger.files.setState(id, 'ready');
  return id;
};

describe('files in the ledger', () => {
  it('goes from intent to ready, with all that is known of it', () => {
    const more = { run: 'abc', seq: 4, codecs: ['avc1.64001f'], width: 640, height: 360, origin: '/work/4.mp4' };
    const id = ledger.files.begin(newFile(NOON, more));
    expect(ledger.files.committing().map((file) => file.id)).toEqual([id]);
    expect(ledger.files.between('gate', NOON, NOON + 1)).toEqual([]);
    ledger.files.setState(id, 'ready');
    expect(ledger.files.committing()).toEqual([]);
    expect(ledger.files.between('gate', NOON, NOON + 1)).toEqual([ledger.files.byOrigin('abc', 4)]);
    expect(ledger.files.byId(id)).toMatchObject({ ...newFile(NOON, more), state: 'ready', verifiedAt: undefined });
  });

  it.each(['key', 'name'] as const)('refuses a second file under the same %s (I2)', (column) => {
    const first = newFile(NOON);
    ledger.files.begin(first);
    expect(() => ledger.files.begin({ ...newFile(NOON + MINUTE), [column]: first[column] })).toThrow(/UNIQUE/);
    expect(ledger.files.keyTaken(first.key)).toBe(true);
    expect(ledger.files.keyTaken(newFile(NOON + MINUTE).key)).toBe(false);
  });

  it('forgets an intent, and never a file', () => {
    const intent = ledger.files.begin(newFile(NOON));
    const file = ready(NOON + MINUTE);
    ledger.files.forget(intent);
    ledger.files.forget(file);
    expect([intent, file].map((id) => ledger.files.byId(id)?.id)).toEqual([undefined, file]);
  });

  it('finds what touches an interval, also a file of an hour that began before it', () => {
    const hour = ready(NOON - 60 * MINUTE + 1, { end: NOON + 1 });
    const before = ready(NOON - MINUTE - 1, { end: NOON - 1 });
    const inside = ready(NOON + MINUTE);
    const after = ready(NOON + 2 * MINUTE);
    ready(NOON + MINUTE, { camera: 'yard' });
    const found = ledger.files.between('gate', NOON, NOON + 2 * MINUTE).map((file) => file.id);
    expect(found).toEqual([hour, inside]);
    expect(found).not.toContain(before);
    expect(found).not.toContain(after);
  });

  it('counts as backlog what is here and not verified everywhere', () => {
    const first = ready(NOON, { bytes: 5 });
    ready(NOON + MINUTE, { bytes: 7 });
    ready(NOON + 2 * MINUTE, { bytes: 100, camera: 'yard' });
    ledger.files.begin(newFile(NOON + 3 * MINUTE));
    expect(ledger.files.backlog('gate')).toEqual({
      ...{ files: 2, bytes: 12, oldest: NOON, waitingSince: NOON + MINUTE },
    });
    ledger.files.verified(first, NOON + 9 * MINUTE, 'crc');
    expect(ledger.files.backlog('gate')).toMatchObject({ files: 1, bytes: 7, oldest: NOON + MINUTE });
    expect(ledger.files.backlog('nobody')).toEqual({ files: 0, bytes: 0, oldest: undefined, waitingSince: undefined });
    expect(ledger.files.localBytes()).toBe(112);
    expect(ledger.files.lastVerifiedAt('gate')).toBe(NOON + 9 * MINUTE);
    expect(ledger.files.lastVerifiedAt('yard')).toBeUndefined();
  });

  it('knows until when a camera is accounted for: its last footage or gap, whichever is later', () => {
    expect(ledger.coveredUntil('gate')).toBeUndefined();
    ready(NOON);
    ready(NOON + 10 * MINUTE, { kind: 'snapshot' });
    expect(ledger.coveredUntil('gate')).toBe(NOON + MINUTE);
    ready(NOON + MINUTE, { kind: 'motion' });
    expect(ledger.coveredUntil('gate')).toBe(NOON + 2 * MINUTE);
    ledger.gaps.add('gate', NOON + 2 * MINUTE, NOON + 3 * MINUTE, 'silent');
    expect(ledger.coveredUntil('gate')).toBe(NOON + 3 * MINUTE);
    ledger.gaps.open('gate', NOON + 4 * MINUTE, 'unreachable');
    expect(ledger.coveredUntil('gate')).toBe(NOON + 4 * MINUTE);
    expect(ledger.coveredUntil('yard')).toBeUndefined();
  });

  it('knows nothing of that from what an earlier clock dated, before now or after', () => {
    ready(NOON + 10 * MINUTE);
    ledger.gaps.add('gate', NOON + 11 * MINUTE, NOON + 12 * MINUTE, 'silent');
    ledger.offs.open('gate', NOON + 12 * MINUTE, 'schedule');
    ledger.offs.close('gate', NOON + 13 * MINUTE);
    ledger.clockSteps.add('gate', NOON + 13 * MINUTE, NOON);
    expect(ledger.coveredUntil('gate')).toBe(NOON);
    ready(NOON);
    // The moment that was there twice has come.
    expect(ledger.coveredUntil('gate', NOON + 20 * MINUTE)).toBe(NOON + MINUTE);
    // Saved only now, and dated by the clock as it was.
    ready(NOON + 13 * MINUTE, { era: 0 });
    expect(ledger.coveredUntil('gate', NOON + 20 * MINUTE)).toBe(NOON + MINUTE);
    expect(ledger.files.lastEnd('gate')).toBe(NOON + 14 * MINUTE);
  });

  it('offers retention verified copies only, the oldest verification first, and none a remote still waits for (I1)', () => {
    const [a, b, c] = [ready(NOON), ready(NOON + MINUTE), ready(NOON + 2 * MINUTE)];
    ledger.files.verified(c, NOON + 5, undefined);
    ledger.files.verified(a, NOON + 9, undefined);
    expect(ledger.files.removable(10).map((file) => file.id)).toEqual([c, a]);
    expect(ledger.files.removable(1).map((file) => file.id)).toEqual([c]);
    ledger.deliveries.add(c, ['new']);
    expect(ledger.files.removable(10).map((file) => file.id)).toEqual([a]);
    ledger.files.setState(a, 'removed');
    expect(ledger.files.removable(10)).toEqual([]);
    expect(ledger.files.byId(b)!.state).toBe('ready');
  });

  it('pages through the names a rescan expects', () => {
    const ids = [0, 1, 2, 3].map((n) => ready(NOON + n * MINUTE));
    ledger.files.setState(ids[1]!, 'removed');
    ledger.files.verified(ids[2]!, NOON, undefined);
    const first = ledger.files.expectedNames(0, 2);
    expect(first).toEqual([
      { id: ids[0], name: newFile(NOON).name, verified: false },
      { id: ids[2], name: newFile(NOON + 2 * MINUTE).name, verified: true },
    ]);
    expect(ledger.files.expectedNames(ids[2]!, 2).map((file) => file.id)).toEqual([ids[3]]);
  });

  it('does everything of a transaction or nothing, and tells the error that ended it', () => {
    const failing = () =>
      ledger.transaction(() => {
        ledger.files.begin(newFile(NOON));
        throw new Error('the disk is full');
      });
    expect(failing).toThrow('the disk is full');
    expect(ledger.files.committing()).toEqual([]);
    expect(ledger.transaction(() => ledger.files.begin(newFile(NOON)))).toBeGreaterThan(0);
  });
});
