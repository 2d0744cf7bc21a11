import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpoolIndexQueue } from '../../../src/spool/index-queue.js';
import { completeCommits } from '../../../src/spool/recover.js';
import { NOON, Storage } from '../../simulators/storage.js';

let storage: Storage;
beforeEach(() => {
  storage = new Storage();
});
afterEach(() => {
  vi.restoreAllMocks();
  storage.close();
});

const KEYS = [1, 2].map((n) => `home/index/gate/2026/05/03/12-00000${n}.ndjson`);
const shards = KEYS.map((key, n) => ({
  ...{ key, text: `lines ${n}\n`, number: n + 1, day: '2026-05-03', first: n, last: n, head: `head ${n}` },
}));
const inSpool = () => readdir(storage.layout.ready);

async function commit() {
  const file = await storage.commit();
  storage.deliver(file.id);
  await storage.spool.moveToSent(file.name);
  const queue = new SpoolIndexQueue(storage.spool, storage.ledger, storage.clock);
  const ids = queue.pending('gate', 10).map(({ id }) => id);
  await queue.commit({ camera: 'gate', shards, ids, chain: { n: 1, prev: 'hash', shard: 2 } });
}

async function expectCommitted() {
  expect(storage.ledger.chains.pending('gate', 10)).toEqual([]);
  expect(storage.ledger.chains.end('gate')).toEqual({ n: 1, prev: 'hash', shard: 2 });
  const rows = KEYS.map((key) => storage.ledger.files.byKey(key)!);
  expect(rows).toMatchObject([
    { state: 'ready', kind: 'index' },
    { state: 'ready', kind: 'index' },
  ]);
  expect((await inSpool()).sort()).toEqual(rows.map((row) => row.name).sort());
  expect(await readFile(join(storage.layout.ready, rows[1]!.name), 'utf8')).toBe('lines 1\n');
  for (const { id } of rows) expect(storage.ledger.deliveries.outstanding(id)).toEqual(['far']);
  expect(await readdir(storage.layout.index)).toEqual([]);
}

describe('index shards on their way into the spool', () => {
  it('become durable together with the chain they continue', async () => {
    await commit();
    await expectCommitted();
  });

  it('are all completed at the next start when the first was being moved', async () => {
    const file = await storage.commit();
    storage.deliver(file.id);
    await storage.spool.moveToSent(file.name);
    vi.spyOn(storage.spool, 'ready').mockImplementationOnce(() => {
      throw new Error('power cut');
    });
    const queue = new SpoolIndexQueue(storage.spool, storage.ledger, storage.clock);
    const ids = queue.pending('gate', 10).map(({ id }) => id);
    const chain = { n: 1, prev: 'hash', shard: 2 };
    await expect(queue.commit({ camera: 'gate', shards, ids, chain })).rejects.toThrow('power cut');
    storage.restart();
    await completeCommits(storage.spool, storage.ledger, storage.log);
    await expectCommitted();
  });

  it('that were never noted are forgotten: their entries are still to be listed', async () => {
    const file = await storage.commit();
    storage.deliver(file.id);
    vi.spyOn(storage.ledger.chains, 'advance').mockImplementationOnce(() => {
      throw new Error('power cut');
    });
    const queue = new SpoolIndexQueue(storage.spool, storage.ledger, storage.clock);
    const ids = queue.pending('gate', 10).map(({ id }) => id);
    const batch = { camera: 'gate', shards, ids, chain: { n: 1, prev: 'hash', shard: 2 } };
    await expect(queue.commit(batch)).rejects.toThrow('power cut');
    expect(storage.ledger.chains.pending('gate', 10)).toHaveLength(1);
    await writeFile(join(storage.layout.index, 'older'), 'left behind');
    storage.restart();
    await completeCommits(storage.spool, storage.ledger, storage.log);
    expect(await readdir(storage.layout.index)).toEqual([]);
    expect(storage.ledger.files.byKey(KEYS[0]!)).toBeUndefined();
    await new SpoolIndexQueue(storage.spool, storage.ledger, storage.clock).commit(batch);
    await storage.spool.moveToSent(file.name);
    await expectCommitted();
  });

  it('begin their numbers anew with the time when the ledger is new (I2)', async () => {
    const queue = new SpoolIndexQueue(storage.spool, storage.ledger, storage.clock);
    expect(queue.chain('gate')).toEqual({ n: 0, prev: '0'.repeat(64), shard: NOON / 1000 });
    await commit();
    expect(queue.chain('gate').shard).toBe(2);
  });

  it('sign a day once', async () => {
    await commit();
    const queue = new SpoolIndexQueue(storage.spool, storage.ledger, storage.clock);
    expect(queue.unsignedDays('2026-05-04', 10)).toHaveLength(1);
    const key = 'home/index/gate/2026/05/03/signature-000002.json';
    await queue.commitSignature({ camera: 'gate', day: '2026-05-03', shard: 2, key, text: '{}' });
    expect(queue.unsignedDays('2026-05-04', 10)).toEqual([]);
    expect(storage.ledger.files.byKey(key)).toMatchObject({ state: 'ready', kind: 'index' });
  });
});
