import { describe, expect, it } from 'vitest';
import { CHAIN_START, verifyChain } from '../../../src/archive/chain.js';
import { buildShards, listings } from '../../../src/archive/listing.js';
import { parseShard, shardLines } from '../../../src/archive/shard.js';
import { at, gap, off, segment, snapshot } from '../../simulators/entries.js';

const FRESH = { n: 0, prev: CHAIN_START, shard: 0 };

describe('where an entry is listed', () => {
  it('lists a file that runs past midnight in both days, unchanged', () => {
    const entry = segment('gate', at('2026-05-03', '23:55'), at('2026-05-04', '00:00:02'));
    expect(listings(entry)).toEqual([
      { hour: at('2026-05-03', '23:00'), entry },
      { hour: at('2026-05-04', '00:00'), entry },
    ]);
  });

  it('lists a file that ends at midnight only in the day it is of', () => {
    const entry = segment('gate', at('2026-05-03', '23:55'), at('2026-05-04'));
    expect(listings(entry)).toEqual([{ hour: at('2026-05-03', '23:00'), entry }]);
    const first = snapshot('gate', at('2026-05-04'));
    expect(listings(first)).toEqual([{ hour: at('2026-05-04'), entry: first }]);
  });

  it.each([gap, off])('cuts a gap, and time off, at every midnight', (make) => {
    const entry = make('gate', at('2026-05-03', '22:30'), at('2026-05-06', '03:00'));
    const parts = listings(entry).map((one) => one.entry);
    expect(parts).toEqual([
      { ...entry, end: at('2026-05-04') },
      { ...entry, start: at('2026-05-04'), end: at('2026-05-05') },
      { ...entry, start: at('2026-05-05'), end: at('2026-05-06') },
      { ...entry, start: at('2026-05-06') },
    ]);
    expect(listings(entry).map((one) => one.hour)).toEqual([
      at('2026-05-03', '22:00'),
      ...parts.slice(1).map((p) => p.start),
    ]);
  });

  it('does not write a shard for every day since 1970 when the clock was wrong', () => {
    const entry = gap('gate', 5000, at('2026-05-06', '03:00'));
    const parts = listings(entry).map((one) => one.entry);
    expect(parts).toHaveLength(401);
    expect(parts[0]).toEqual({ ...entry, end: at('2026-05-06') - 399 * 86_400_000 });
    expect(parts.at(-1)!.end).toBe(entry.end);
    for (const [index, part] of parts.slice(1).entries()) expect(part.start).toBe(parts[index]!.end);
  });

  it('writes one shard an hour, one chain through all of them', () => {
    const entries = [
      gap('gate', at('2026-05-03', '13:10'), at('2026-05-05', '01:00')),
      segment('gate', at('2026-05-03', '12:05'), at('2026-05-03', '12:10')),
      segment('gate', at('2026-05-03', '12:00'), at('2026-05-03', '12:05')),
    ];
    const { shards, chain } = buildShards('home', 'gate', entries, { ...FRESH, shard: 7 });
    expect(shards.map((shard) => [shard.key, shard.day, shard.number, shard.first, shard.last])).toEqual([
      ['home/index/gate/2026/05/03/12-000008.ndjson', '2026-05-03', 8, 1, 2],
      ['home/index/gate/2026/05/03/13-000009.ndjson', '2026-05-03', 9, 3, 3],
      ['home/index/gate/2026/05/04/00-000010.ndjson', '2026-05-04', 10, 4, 4],
      ['home/index/gate/2026/05/05/00-000011.ndjson', '2026-05-05', 11, 5, 5],
    ]);
    expect(chain).toEqual({ n: 5, prev: shards.at(-1)!.head, shard: 11 });
    expect(parseShard('s', shards[0]!.text).entries).toEqual([entries[2], entries[1]]);
    const lines = shards.flatMap((shard) => shardLines(shard.key, shard.text));
    expect(verifyChain(lines, { first: 1, head: { n: chain.n, hash: chain.prev } })).toEqual([]);
  });

  it('continues the chain from batch to batch', () => {
    const one = buildShards('home', 'gate', [snapshot('gate', at('2026-05-03'))], FRESH);
    const two = buildShards('home', 'gate', [snapshot('gate', at('2026-05-02'))], one.chain);
    expect(two.shards[0]!.key).toBe('home/index/gate/2026/05/02/00-000002.ndjson');
    const lines = [...one.shards, ...two.shards].flatMap((shard) => shardLines(shard.key, shard.text));
    expect(verifyChain(lines, { first: 1, head: { n: 2, hash: two.chain.prev } })).toEqual([]);
  });
});
