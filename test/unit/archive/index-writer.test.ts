import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/archive/chain.js';
import { IndexWriter } from '../../../src/archive/index-writer.js';
import { parseShard, shardLines } from '../../../src/archive/shard.js';
import { type Identity, loadIdentity, verifySignature } from '../../../src/archive/signature.js';
import { verifyDay } from '../../../src/archive/verify/verify-day.js';
import type { Entry } from '../../../src/segment.js';
import { at, gap, segment, snapshot } from '../../simulators/entries.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { MemoryIndexQueue } from '../../simulators/memory-index-queue.js';

const MINUTE = 60_000;
const NOON = at('2026-05-03', '12:00');

let dir: string;
let identity: Identity;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'index-'));
  identity = await loadIdentity(join(dir, 'identity.pem'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('IndexWriter', () => {
  let clock: FakeClock;
  let queue: MemoryIndexQueue;
  let problems: { error: unknown; camera?: string }[];
  let stop: AbortController;
  let running: Promise<void>;
  beforeEach(() => {
    clock = new FakeClock(NOON + MINUTE);
    queue = new MemoryIndexQueue();
    problems = [];
    stop = new AbortController();
    const onProblem = (problem: { error: unknown; camera?: string }) => problems.push(problem);
    running = new IndexWriter({ site: 'home', queue, identity, clock, everyMs: 10 * MINUTE, onProblem }).run(
      stop.signal,
    );
  });
  afterEach(async () => {
    stop.abort();
    await running;
    expect(clock.sleeping).toBe(0);
  });

  function add(entry: Entry): Entry {
    queue.add(`${entry.camera} ${entry.type} ${entry.start}`, entry, clock.now());
    return entry;
  }

  function written(camera = 'gate'): Entry[] {
    const shards = queue.shards.filter((shard) => shard.camera === camera);
    return shards.flatMap((shard) => parseShard(shard.key, shard.text).entries);
  }

  function expectWholeChain(camera = 'gate'): void {
    const shards = queue.shards.filter((shard) => shard.camera === camera);
    const { n, prev } = queue.chain(camera);
    const lines = shards.flatMap((shard) => shardLines(shard.key, shard.text));
    expect(verifyChain(lines, { first: 1, head: { n, hash: prev } })).toEqual([]);
  }

  it('waits until the oldest entry has waited long enough, and then writes all of them together', async () => {
    const one = add(segment('gate', NOON - 5 * MINUTE, NOON));
    await clock.advance(5 * MINUTE);
    const two = add(segment('gate', NOON, NOON + 5 * MINUTE));
    const three = add(snapshot('gate', NOON));
    await clock.advance(5 * MINUTE - 1000);
    expect(queue.commits).toBe(0);
    await clock.advance(10_000 + 1000);
    expect(queue.commits).toBe(1);
    expect(queue.shards.map((shard) => shard.key)).toEqual([
      'home/index/gate/2026/05/03/11-000001.ndjson',
      'home/index/gate/2026/05/03/12-000002.ndjson',
    ]);
    expect(written()).toEqual([one, two, three]);
    expectWholeChain();
  });

  it('does not wait past the end of the hour', async () => {
    await clock.advance(57 * MINUTE);
    add(segment('gate', NOON, NOON + MINUTE));
    await clock.advance(MINUTE);
    expect(queue.commits).toBe(0);
    await clock.advance(MINUTE + 10_000);
    expect(queue.commits).toBe(1);
  });

  it('writes what is left when it is stopped', async () => {
    const entry = add(segment('gate', NOON, NOON + MINUTE));
    stop.abort();
    await running;
    expect(written()).toEqual([entry]);
  });

  it('does not keep entries waiting because the clock was set back', async () => {
    add(segment('gate', NOON, NOON + MINUTE));
    clock.stepWall(-40 * 24 * 60 * MINUTE);
    await clock.advance(10_000);
    expect(queue.commits).toBe(1);
  });

  it('writes the parts of an entry that passes midnight in one step', async () => {
    add(gap('gate', at('2026-05-01', '12:00'), NOON));
    queue.failures = 1;
    await clock.advance(11 * MINUTE);
    expect(queue.commits).toBe(1);
    expect(queue.shards.map((shard) => shard.day)).toEqual(['2026-05-01', '2026-05-02', '2026-05-03']);
  });

  it('repeats a failed write, without doubles, and says so', async () => {
    const one = add(segment('gate', NOON, NOON + MINUTE));
    queue.failures = 3;
    await clock.advance(10 * MINUTE + 10_000);
    expect(problems).toMatchObject([{ camera: 'gate', error: new Error('the disk is full') }]);
    expect(queue.shards).toEqual([]);
    const two = add(segment('gate', NOON + MINUTE, NOON + 2 * MINUTE));
    await clock.advance(2 * MINUTE);
    expect(problems).toHaveLength(3);
    expect(written()).toEqual([one, two]);
    expect(queue.shards.map((shard) => shard.number)).toEqual([1]);
    expectWholeChain();
  });

  it('writes the other cameras while one fails', async () => {
    add(segment('gate', NOON, NOON + MINUTE));
    const entry = add(segment('yard', NOON, NOON + MINUTE));
    queue.failures = 1;
    await clock.advance(10 * MINUTE + 9_000);
    expect(problems).toMatchObject([{ camera: 'gate' }]);
    expect(written('yard')).toEqual([entry]);
    expect(written('gate')).toEqual([]);
  });

  it('works through a backlog in batches, each camera in turn', async () => {
    for (let index = 0; index < 2500; index++) {
      add(segment('gate', NOON - index * MINUTE, NOON - index * MINUTE + 1000));
      add(segment('yard', NOON - index * MINUTE, NOON - index * MINUTE + 1000));
    }
    // One tick: the next is ten seconds later.
    await clock.advance(10 * MINUTE + 9_000);
    expect(queue.commits).toBe(6);
    expect(queue.shards.map((shard) => shard.camera).filter((camera, index, all) => camera !== all[index - 1])).toEqual(
      [...['gate', 'yard', 'gate', 'yard', 'gate', 'yard']],
    );
    expect(written()).toHaveLength(2500);
    expectWholeChain('gate');
    expectWholeChain('yard');
  });

  it('signs a day once it is over and complete, and again when something late was added', async () => {
    add(segment('gate', NOON, NOON + MINUTE));
    await clock.advance(12 * 60 * MINUTE);
    expect(queue.signatures).toEqual([]);
    queue.unfinishedDays.add('2026-05-03');
    await clock.advance(2 * 60 * MINUTE);
    expect(queue.signatures).toEqual([]);
    queue.unfinishedDays.clear();
    await clock.advance(MINUTE);
    expect(queue.signatures.map((one) => one.key)).toEqual(['home/index/gate/2026/05/03/signature-000001.json']);
    await clock.advance(24 * 60 * MINUTE);
    expect(queue.signatures).toHaveLength(1);

    add(segment('gate', NOON + MINUTE, NOON + 2 * MINUTE));
    await clock.advance(11 * MINUTE);
    expect(queue.signatures.map((one) => one.key).slice(1)).toEqual([
      'home/index/gate/2026/05/03/signature-000002.json',
    ]);
    const check = verifySignature(queue.signatures[1]!.text, [identity.publicKey]);
    expect(check).toMatchObject({ valid: true, statement: { site: 'home', camera: 'gate', day: '2026-05-03' } });
    if (check.valid) expect(verifyDay(queue.shards, check.statement)).toEqual([]);
  });

  it('goes on writing while signatures fail, and signs later', async () => {
    add(segment('gate', NOON - 24 * 60 * MINUTE, NOON - 24 * 60 * MINUTE + 1000));
    queue.unfinishedDays.add('2026-05-02');
    await clock.advance(11 * MINUTE);
    queue.failures = 1;
    queue.unfinishedDays.clear();
    await clock.advance(10_000);
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toHaveProperty('camera');
    await clock.advance(40_000);
    expect(queue.signatures).toHaveLength(1);
  });
});
