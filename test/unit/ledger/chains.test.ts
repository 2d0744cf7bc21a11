import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

const verified = (start: number, more = {}) => {
  const id = ledger.files.begin(newFile(start, more));
  ledger.files.setState(id, 'ready');
  ledger.files.verified(id, start + 2 * MINUTE, 'crc');
  return id;
};
const MOVED = { camera: 'gate', source: 'onvif', kind: 'motion' };
const shard = (number: number, day = '2026-05-03') => ({
  number,
  day,
  first: number,
  last: number,
  head: `head ${number}`,
});
const starts = (limit = 100) => ledger.chains.pending('gate', limit).map(({ entry }) => entry.start);

describe('what waits to be listed in the index', () => {
  it('is verified media and gaps that are over, in order of time; not shards, nor what is not uploaded', () => {
    verified(NOON + MINUTE);
    verified(NOON - MINUTE, { kind: 'snapshot' });
    ledger.gaps.add('gate', NOON, NOON + MINUTE, 'silent');
    ledger.gaps.open('gate', NOON + 5 * MINUTE, 'silent');
    ledger.files.setState(ledger.files.begin(newFile(NOON + 2 * MINUTE)), 'ready');
    verified(NOON + 3 * MINUTE, { kind: 'index' as never, key: 'home/index/x', name: 'x' });
    expect(starts()).toEqual([NOON - MINUTE, NOON, NOON + MINUTE]);
    expect(starts(2)).toEqual([NOON - MINUTE, NOON]);
    expect(ledger.chains.cameras()).toEqual(['gate']);
    expect(ledger.chains.oldestPending('gate')).toBe(NOON + MINUTE);
    expect(ledger.chains.oldestPending('yard')).toBeUndefined();
    expect(ledger.chains.pending('gate', 1)[0]!.entry).toMatchObject({ type: 'snapshot', crc64nvme: 'crc' });
  });

  it('is also time off that is over, and what moved while a file was recorded', () => {
    verified(NOON, { end: NOON + MINUTE });
    ledger.motion.end(ledger.motion.begin({ ...MOVED, start: NOON - 5_000 }), NOON + 5_000, 0.9);
    ledger.motion.begin({ ...MOVED, kind: 'person', start: NOON + 10_000 });
    ledger.offs.open('gate', NOON + MINUTE, 'no-motion');
    ledger.offs.extend('gate', NOON + 2 * MINUTE);
    expect(ledger.chains.pending('gate', 9).map(({ entry }) => entry)).toMatchObject([
      {
        motion: [
          { start: NOON, end: NOON + 5_000, score: 0.9, kind: 'motion', source: 'onvif' },
          { start: NOON + 10_000, end: NOON + MINUTE, score: undefined, kind: 'person', source: 'onvif' },
        ],
      },
    ]);
    ledger.offs.close('gate', NOON + 3 * MINUTE);
    const [, off] = ledger.chains.pending('gate', 9);
    expect(off!.entry).toEqual({
      ...{ type: 'off', camera: 'gate', start: NOON + MINUTE, end: NOON + 3 * MINUTE, reason: 'no-motion' },
    });
    ledger.chains.advance('gate', [off!.id], { n: 1, prev: 'hash', shard: 1 });
    expect(ledger.chains.pending('gate', 9)).toHaveLength(1);
  });

  it('is not listed again once the chain moved on', () => {
    verified(NOON);
    ledger.gaps.add('gate', NOON + MINUTE, NOON + 2 * MINUTE, 'silent');
    verified(NOON + 2 * MINUTE);
    const ids = ledger.chains.pending('gate', 2).map(({ id }) => id);
    expect(ledger.chains.end('gate')).toEqual({ n: 0, prev: '0'.repeat(64), shard: 0 });
    ledger.chains.advance('gate', ids, { n: 2, prev: 'hash', shard: 1 });
    expect(starts()).toEqual([NOON + 2 * MINUTE]);
    expect(ledger.chains.end('gate')).toEqual({ n: 2, prev: 'hash', shard: 1 });
    expect(ledger.chains.end('yard').n).toBe(0);
    ledger.chains.advance('gate', [], { n: 3, prev: 'next', shard: 2 });
    expect(ledger.chains.end('gate').prev).toBe('next');
  });
});

describe('days to be signed', () => {
  const days = (before = '2026-05-05', limit = 10) => ledger.chains.unsignedDays(before, limit);

  it('are over, have shards no signature covers, and come oldest first', () => {
    for (const one of [shard(1), shard(2), shard(3, '2026-05-04'), shard(4, '2026-05-05')])
      ledger.chains.addShard('gate', one);
    expect(days().map(({ day, shards }) => [day, shards.map((one) => one.number)])).toEqual([
      ['2026-05-03', [1, 2]],
      ['2026-05-04', [3]],
    ]);
    expect(days('2026-05-05', 1)).toHaveLength(1);
    ledger.chains.signed('gate', '2026-05-03', 2);
    expect(days().map(({ day }) => day)).toEqual(['2026-05-04']);
    ledger.chains.addShard('gate', shard(5));
    expect(days()[0]!.shards).toEqual([shard(1), shard(2), shard(5)]);
    ledger.chains.signed('gate', '2026-05-03', 5);
    expect(days()).toHaveLength(1);
  });

  it.each([
    ['a file is still to be uploaded', () => ledger.files.setState(ledger.files.begin(newFile(NOON)), 'ready')],
    ['a file is still on its way into the spool', () => ledger.files.begin(newFile(NOON))],
    ['a file of the evening before reaches into it', () => verified(NOON - 12 * 60 * MINUTE - 30_000)],
    ['a gap lasts', () => ledger.gaps.open('gate', NOON, 'silent')],
    ['a gap is not listed yet', () => ledger.gaps.add('gate', NOON, NOON + 1, 'silent')],
  ])('wait while %s', (_, unfinished) => {
    ledger.chains.addShard('gate', shard(1));
    expect(days()).toHaveLength(1);
    unfinished();
    expect(days()).toEqual([]);
  });

  it('do not wait for files of other days, other cameras, or that are lost', () => {
    ledger.chains.addShard('gate', shard(1));
    verified(NOON + 24 * 60 * MINUTE);
    verified(NOON, { camera: 'yard' });
    ledger.files.setState(ledger.files.begin(newFile(NOON)), 'lost');
    expect(days()).toHaveLength(1);
  });
});
