import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Proof } from '../../../lib/remote/remote.js';
import type { FileRow } from '../../../src/ledger/files.js';
import { statusReport } from '../../../src/operate/status.js';
import type { MediaKind } from '../../../src/segment.js';
import { rescan } from '../../../src/spool/rescan.js';
import { Retention } from '../../../src/spool/retain.js';
import type { Closed } from '../../../src/upload/line.js';
import type { Uploader } from '../../../src/upload/uploader.js';
import { until } from '../../peers/until.js';
import { refusal, ScriptedRemote } from '../../simulators/scripted-remote.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';
import { uploaderOf } from '../../simulators/storage-uploader.js';

let storage: Storage;
let running: Promise<void>[];
let stop: AbortController;
beforeEach(() => {
  storage = new Storage(['far']);
  running = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  vi.restoreAllMocks();
  storage.close();
});

interface Started {
  remoteName?: string;
  parallel?: number;
  proof?: Proof;
  closed?: () => Closed | undefined;
}

function start(remote: ScriptedRemote, { remoteName = 'far', parallel = 1, closed, proof }: Started = {}): Uploader {
  const line = { closed: closed ?? (() => undefined) };
  const uploader = uploaderOf(storage, remoteName, remote, { parallel, proof, line });
  running.push(uploader.run(stop.signal));
  return uploader;
}
const commit = (n: number, content?: string) => storage.commit({ start: NOON + n * MINUTE }, content);
const isVerified = (file: FileRow) => storage.ledger.files.byId(file.id)?.verifiedAt !== undefined;
const waiting = () => storage.ledger.files.backlog('gate').files;
/** Lets `seconds` pass, one by one, as files and answers take their turns in between. */
const pass = async (seconds: number) => {
  for (let n = 0; n < seconds; n++) await storage.clock.advance(1_000);
};
const sent = () => readdir(storage.layout.sent);

describe('an uploader', () => {
  it('sends what waits, newest first, notes the proof, and moves what every remote has', async () => {
    const [a, b] = [await commit(0), await commit(1)];
    const remote = new ScriptedRemote();
    const uploader = start(remote);
    await until('both delivered', async () => (await sent()).length === 2);
    expect(remote.puts).toEqual([b.key, a.key]);
    expect(storage.ledger.files.byId(a.id)).toMatchObject({ crc64nvme: 'crc', verifiedAt: NOON });
    expect(await readdir(storage.layout.ready)).toEqual([]);
    await until('rest', () => uploader.state.state === 'idle' && uploader.state.reason === undefined);
  });

  it('sends motion before pictures before everything else, and lets each camera have its turn', async () => {
    const commitOf = (camera: string, kind: MediaKind, n: number) =>
      storage.commit({ camera, kind, start: NOON + n * MINUTE, end: NOON + (n + 1) * MINUTE });
    const yard = [await commitOf('yard', 'continuous', 0), await commitOf('yard', 'continuous', 1)];
    const motion = [await commitOf('gate', 'motion', 0), await commitOf('gate', 'motion', 1)];
    const picture = await commitOf('gate', 'snapshot', 2);
    const gate = [await commitOf('gate', 'continuous', 3), await commitOf('gate', 'continuous', 4)];
    const remote = new ScriptedRemote();
    start(remote);
    await until('all delivered', async () => (await sent()).length === 7);
    expect(remote.puts).toEqual(
      [motion[1], motion[0], picture, gate[1], yard[1], gate[0], yard[0]].map((file) => file!.key),
    );
  });

  it('never lets a backlog under way delay motion: there is always one more place for it', async () => {
    const large: FileRow[] = [];
    for (const n of [0, 1, 2]) large.push(await commit(n, `${n}`.repeat(3_000_000)));
    const remote = new ScriptedRemote();
    const held = new Map<string, () => void>();
    remote.beforePut = (key) => new Promise<void>((resolve) => held.set(key, resolve));
    const uploader = start(remote, { parallel: 2 });
    await until('both places taken', () => held.size === 2);
    const motion = await storage.commit({ kind: 'motion', start: NOON + 5 * MINUTE });
    const second = await storage.commit({ kind: 'motion', start: NOON + 6 * MINUTE });
    uploader.poke();
    await until('motion under way', () => held.size === 3);
    await storage.clock.advance(60_000);
    expect([...held.keys()]).toEqual([large[2]!.key, large[1]!.key, second.key]);
    held.get(second.key)!();
    await until('the other motion', () => held.has(motion.key));
    held.get(motion.key)!();
    await until('delivered', () => isVerified(motion) && isVerified(second));
    expect(held.has(large[0]!.key)).toBe(false);
    remote.beforePut = () => undefined;
    for (const file of large) held.get(file.key)?.();
    await until('the rest', () => large.every(isVerified));
  });

  it('has more small files under way than large ones, once the remote has shown that it works', async () => {
    for (let n = 0; n < 50; n++) await commit(n);
    const remote = new ScriptedRemote();
    const held: (() => void)[] = [];
    remote.beforePut = () => new Promise<void>((resolve) => held.push(resolve));
    start(remote, { parallel: 2 });
    await until('two under way', () => held.length === 2);
    await storage.clock.advance(1_000);
    expect(held).toHaveLength(2);
    held.shift()!();
    await until('many under way', () => held.length === 32);
    await storage.clock.advance(1_000);
    expect(held).toHaveLength(32);
    remote.beforePut = () => undefined;
    for (const go of held) go();
    await until('all delivered', async () => (await sent()).length === 50);
  });

  it('begins the next file when little of a large one is left', async () => {
    for (const n of [0, 1, 2]) await commit(n, `${n}`.repeat(5_000_000));
    const remote = new ScriptedRemote();
    const held: { acknowledge?: (bytes: number) => void; go: () => void }[] = [];
    remote.beforePut = (_key, _signal, acknowledge) =>
      new Promise<void>((go) => {
        held.push({ acknowledge, go });
      });
    start(remote, { parallel: 1 });
    await until('one under way', () => held.length === 1);
    held[0]!.go();
    await until('the next', () => held.length === 2);
    held[1]!.acknowledge!(2_500_000);
    await storage.clock.advance(1_000);
    expect(held).toHaveLength(2);
    held[1]!.acknowledge!(4_500_000);
    await until('the last', () => held.length === 3);
    for (const { go } of held) go();
    await until('all delivered', async () => (await sent()).length === 3);
  });

  it('keeps the one more place for motion beside files of which little is left', async () => {
    for (const n of [0, 1, 2]) await commit(n, `${n}`.repeat(5_000_000));
    const remote = new ScriptedRemote();
    const held: { key: string; acknowledge?: (bytes: number) => void; go: () => void }[] = [];
    remote.beforePut = (key, _signal, acknowledge) =>
      new Promise<void>((go) => {
        held.push({ key, acknowledge, go });
      });
    const uploader = start(remote, { parallel: 1 });
    await until('one under way', () => held.length === 1);
    held[0]!.go();
    await until('the next', () => held.length === 2);
    held[1]!.acknowledge!(4_500_000);
    await until('the last beside it', () => held.length === 3);
    const motion = await storage.commit({ kind: 'motion', start: NOON + 5 * MINUTE });
    uploader.poke();
    await until('motion under way', () => held.length === 4);
    expect(held[3]!.key).toBe(motion.key);
    for (const { go } of held) go();
    await until('all delivered', async () => (await sent()).length === 4);
  });

  it('tells of motion that was off-site too late', async () => {
    const punctual = await storage.commit({ kind: 'motion', start: NOON - MINUTE, end: NOON - 59_000 });
    const late = await storage.commit({ kind: 'motion', start: NOON - 3 * MINUTE, end: NOON - 100_000 });
    start(new ScriptedRemote());
    await until('delivered', () => isVerified(punctual) && isVerified(late));
    const told = storage.lines.filter((line) => line.includes('after its deadline'));
    expect(told).toEqual([expect.stringContaining('motion was off-site 40 s after its deadline')]);
    expect(told[0]).toContain(late.key);
  });

  it('sends nothing while the line is closed, but motion where that may go, and says why', async () => {
    const [file, motion] = [await commit(0), await storage.commit({ kind: 'motion', start: NOON + 5 * MINUTE })];
    let closed: Closed | undefined = { reason: 'the line is metered', exceptMotion: false };
    const remote = new ScriptedRemote();
    const uploader = start(remote, { closed: () => closed, parallel: 2 });
    await pass(180);
    expect(remote.puts).toEqual([]);
    expect(uploader.state).toEqual({ state: 'paused', reason: 'the line is metered' });
    closed = { reason: 'the line is metered', exceptMotion: true };
    await pass(61);
    await until('motion delivered', () => isVerified(motion));
    await pass(61);
    expect(isVerified(file)).toBe(false);
    closed = undefined;
    await pass(61);
    await until('the rest', () => isVerified(file));
    await until('rest', () => uploader.state.state === 'idle');
    expect(uploader.state).toEqual({ state: 'idle' });
  });

  it('sends what comes later at once when it is poked', async () => {
    const remote = new ScriptedRemote();
    const uploader = start(remote);
    const file = await commit(0);
    uploader.poke();
    await until('delivered', () => isVerified(file));
  });

  it('counts a file as delivered only when all remotes have it', async () => {
    storage.close();
    storage = new Storage(['far', 'near']);
    const file = await commit(0);
    const far = new ScriptedRemote();
    const near = Object.assign(new ScriptedRemote(), { lie: { proven: 'checksum', provenBy: 'reply' } });
    near.beforePut = () => Promise.reject(refusal('connection-lost'));
    start(far);
    start(near, { remoteName: 'near' });
    await until('one has it', () => far.stored.size === 1 && near.puts.length === 1);
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['near']);
    expect(isVerified(file)).toBe(false);
    expect(await sent()).toEqual([]);
    near.beforePut = () => undefined;
    await pass(5);
    await until('the other has it', () => isVerified(file));
    expect(far.puts).toHaveLength(1);
    const told = storage.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'delivered');
    expect(told).toMatchObject([
      { remote: 'far', key: file.key, proven: 'size', provenBy: 'stat' },
      { remote: 'near', key: file.key, proven: 'checksum', provenBy: 'reply' },
    ]);
  });

  it('goes on with the others when one file is poison', async () => {
    const files = [await commit(0), await commit(1), await commit(2)];
    const remote = new ScriptedRemote();
    remote.beforePut = (key) => key === files[1]!.key && Promise.reject(refusal('size-mismatch'));
    const uploader = start(remote);
    await until('the others delivered', () => isVerified(files[0]!) && isVerified(files[2]!));
    expect(isVerified(files[1]!)).toBe(false);
    await until('rest', () => uploader.state.state === 'idle');
    const tries = () => remote.puts.filter((key) => key === files[1]!.key).length;
    expect(tries()).toBe(1);
    for (let second = 0; second < 60; second++) {
      await pass(1);
      // Before it is put again, it is read here.
      await until('rest', () => uploader.state.state === 'idle');
    }
    // Waits of up to 2, 4, 8, 16, 32 s: it is tried again, ever more seldom.
    expect(tries()).toBeGreaterThanOrEqual(4);
    expect(tries()).toBeLessThanOrEqual(7);
    expect(waiting()).toBe(1);
  });

  it('leaves an unreachable remote alone for ever longer, and returns within a minute of its return', async () => {
    const file = await commit(0);
    const remote = new ScriptedRemote();
    const tries: number[] = [];
    remote.beforeStat = () => {
      tries.push(storage.clock.monotonic() / 1_000);
      throw refusal('unreachable', 'transient', 'Is it plugged in?');
    };
    const uploader = start(remote);
    await pass(600);
    const waits = tries.slice(1).map((at, n) => at - tries[n]!);
    for (const [n, wait] of waits.entries()) {
      const full = Math.min(60, 2 ** (n + 1));
      expect(wait).toBeGreaterThanOrEqual(full / 4 - 1);
      expect(wait).toBeLessThanOrEqual(full + 1);
    }
    expect(waits.length).toBeGreaterThan(10);
    expect(uploader.state).toMatchObject({
      state: 'waiting',
      reason: 'the remote says unreachable. Is it plugged in?',
    });
    expect(uploader.state.retryAt).toBeGreaterThanOrEqual(storage.clock.now());
    expect(waiting()).toBe(1);
    remote.beforeStat = () => undefined;
    await pass(61);
    await until('delivered', () => isVerified(file));
    await until('rest', () => uploader.state.state === 'idle' && uploader.state.reason === undefined);
  });

  it('counts what fails together once, and tries the water with one file', async () => {
    for (let n = 0; n < 8; n++) await commit(n);
    const remote = new ScriptedRemote();
    remote.beforePut = () => Promise.reject(refusal('connection-lost'));
    const uploader = start(remote, { parallel: 8 });
    await until('all failed', () => remote.puts.length === 8 && uploader.state.state === 'waiting');
    await storage.clock.advance(0);
    expect(uploader.state.retryAt! - storage.clock.now()).toBeLessThanOrEqual(1_000);
    for (let n = 8; n < 12; n++) await commit(n);
    while (remote.puts.length === 8) await storage.clock.advance(100);
    expect(remote.puts).toHaveLength(9);
  });

  it('asks once a minute after a refusal, says why, and drops nothing (I5)', async () => {
    const files = [await commit(0), await commit(1)];
    const remote = new ScriptedRemote();
    remote.beforeStat = () => {
      throw refusal('sign-in-refused', 'permanent', 'Check the key.');
    };
    const uploader = start(remote);
    await until('the refusal', () => uploader.state.state === 'refused');
    expect(uploader.state.reason).toBe('the remote says sign-in-refused. Check the key.');
    await pass(29);
    expect(remote.looks).toHaveLength(1);
    await pass(571);
    expect(remote.looks.length).toBeGreaterThanOrEqual(10);
    expect(remote.looks.length).toBeLessThanOrEqual(21);
    expect(waiting()).toBe(2);
    remote.beforeStat = () => undefined;
    await pass(180);
    await until('delivered', () => files.every(isVerified));
    await until('rest', () => uploader.state.state === 'idle' && uploader.state.reason === undefined);
  });

  it.each([
    ['hash', { sha256: 'ff'.repeat(32) }],
    ['size', { bytes: 3 }],
  ])('does not take a receipt with a wrong %s for a delivery', async (_, lie) => {
    const file = await commit(0);
    const remote = new ScriptedRemote();
    remote.lie = lie;
    const uploader = start(remote);
    await until('the attempt', () => storage.ledger.damages.has(file.id));
    expect(storage.lines.join()).toContain('not what it was');
    expect(isVerified(file)).toBe(false);
    expect(await readdir(storage.layout.ready)).toEqual([file.name]);
    remote.lie = {};
    // The file itself is whole, as a closer look shows.
    await rescan(storage.spool, storage.ledger, storage.log);
    uploader.poke();
    await pass(5);
    await until('delivered', () => isVerified(file));
  });

  it('never writes over another object, also when the first attempts failed and the next key is taken too (I2)', async () => {
    const file = await commit(0);
    const remote = new ScriptedRemote();
    const taken = [file.key, file.key.replace('.mp4', '-2.mp4')];
    for (const key of taken) remote.stored.set(key, Buffer.from('of another recorder'));
    remote.beforeStat = () => {
      throw refusal('unreachable');
    };
    start(remote);
    await pass(10);
    expect(remote.looks.length).toBeGreaterThan(2);
    remote.beforeStat = () => undefined;
    await pass(30);
    await until('delivered', () => isVerified(file));
    expect(storage.ledger.files.byId(file.id)!.key).toBe(file.key.replace('.mp4', '-3.mp4'));
    expect(remote.puts).toEqual([file.key.replace('.mp4', '-3.mp4')]);
    for (const key of taken) expect(String(remote.stored.get(key))).toBe('of another recorder');
  });

  it('replaces what an interrupted upload of its own left behind', async () => {
    const file = await commit(0);
    const remote = new ScriptedRemote();
    remote.beforePut = (key) => {
      remote.stored.set(key, Buffer.from('hal'));
      throw refusal('connection-lost');
    };
    start(remote);
    await until('the attempt', () => remote.puts.length === 1);
    remote.beforePut = () => undefined;
    await pass(5);
    await until('delivered', () => isVerified(file));
    expect(remote.stored.get(file.key)).toHaveLength(file.bytes);
    expect(storage.ledger.files.byId(file.id)!.key).toBe(file.key);
  });

  it('never gives an index shard another key', async () => {
    const row = {
      key: 'home/index/gate/x.ndjson',
      name: 'index_x',
      kind: 'index',
      camera: 'gate',
      start: NOON,
    } as const;
    await writeFile(join(storage.layout.ready, row.name), 'lines');
    const more = { end: NOON, bytes: 5, sha256: 'x', source: 'index', createdAt: NOON };
    storage.spool.ready(storage.ledger.files.begin({ ...row, ...more }));
    const remote = new ScriptedRemote();
    remote.stored.set(row.key, Buffer.from('another index'));
    start(remote);
    await until('the refusal', () => storage.ledger.deliveries.lastError('far') !== undefined);
    expect(remote.puts).toEqual([]);
    expect(storage.ledger.files.byKey(row.key)!.state).toBe('ready');
  });

  it('sends where it may not look', async () => {
    const file = await commit(0);
    const remote = new ScriptedRemote();
    remote.beforeStat = () => {
      throw refusal('permission-denied', 'permanent');
    };
    start(remote);
    await until('delivered', () => isVerified(file));
  });

  it('keeps a delivery that could not be moved, and sends on', async () => {
    const file = await commit(0);
    vi.spyOn(storage.spool, 'moveToSent').mockRejectedValue(new Error('read-only file system'));
    const uploader = start(new ScriptedRemote());
    await until('delivered', () => isVerified(file));
    await storage.clock.advance(0);
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual([]);
    await until('rest', () => uploader.state.state === 'idle' && uploader.state.reason === undefined);
  });

  it('survives a ledger that cannot be written, and delivers when it can', async () => {
    const file = await commit(0);
    const full = () => {
      throw new Error('database or disk is full');
    };
    const spies = (['verified', 'postponed'] as const).map((name) =>
      vi.spyOn(storage.ledger.deliveries, name).mockImplementation(full),
    );
    const remote = new ScriptedRemote();
    const uploader = start(remote);
    await until('the failure', () => uploader.state.state === 'waiting');
    expect(uploader.state.reason).toContain('disk is full');
    for (const spy of spies) spy.mockRestore();
    await pass(5);
    await until('delivered', () => isVerified(file));
  });

  it('says that a file is missing and goes on without it', async () => {
    const [gone, other] = [await commit(0), await commit(1)];
    await rm(join(storage.layout.ready, gone.name));
    const remote = new ScriptedRemote();
    remote.beforePut = (key) => key === gone.key && Promise.reject(refusal('file-missing', 'permanent'));
    const uploader = start(remote);
    await until('the other delivered', () => isVerified(other));
    await until('rest', () => uploader.state.state === 'idle');
  });

  it('owes everything that waits to a remote that was added', async () => {
    storage.close();
    storage = new Storage([]);
    const file = await commit(0);
    expect(isVerified(file)).toBe(false);
    start(new ScriptedRemote(), { remoteName: 'new' });
    await until('delivered', () => isVerified(file));
  });

  it('ends with the send under way, without calling that a failure, and closes its connection', async () => {
    await commit(0);
    const remote = new ScriptedRemote();
    remote.beforePut = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(refusal('aborted', 'aborted'))));
    const uploader = start(remote);
    await until('sending', () => uploader.state.state === 'sending' && remote.puts.length === 1);
    stop.abort();
    await running[0];
    expect(remote.closed).toBe(1);
    expect(storage.ledger.deliveries.lastError('far')).toBeUndefined();
    expect(storage.lines.filter((line) => line.includes('failed'))).toEqual([]);
  });
});

describe('a remote that proves less than is asked of it', () => {
  const accepted = () => Object.assign(new ScriptedRemote(), { lie: { proven: 'accepted', provenBy: 'reply' } });
  const greedy = () =>
    new Retention(
      storage.spool,
      storage.ledger,
      { keepMs: 0, minFreeBytes: Number.MAX_SAFE_INTEGER },
      storage.clock,
      storage.log,
    );
  const lying = async () => [...(await readdir(storage.layout.ready)), ...(await sent())];

  it('gets each file once, frees none of them, and is told of', async () => {
    const file = await commit(0);
    const remote = accepted();
    start(remote);
    await until('taken', () => storage.ledger.deliveries.unprovenCount('far') === 1);
    await pass(120);
    expect(remote.puts).toEqual([file.key]);
    expect(isVerified(file)).toBe(false);
    expect(await greedy().freeOnce()).toBe(0);
    expect(await lying()).toEqual([file.name]);
    const { clock, ledger } = storage;
    const report = statusReport({
      ...{ site: 'home', version: '1', now: clock.now(), running: true, ledger, cameras: new Map() },
      ...{ remotes: new Map([['far', undefined]]), deadlineMs: 60_000, disk: { freeBytes: 1, minFreeBytes: 0 } },
    });
    expect(report).toMatchObject({
      state: 'degraded',
      problems: [expect.stringMatching(/^far took a file but proves less/)],
    });
  });

  it('frees them once its owner says that this much is enough, also those it took before', async () => {
    const before = await commit(0);
    start(accepted());
    await until('taken', () => storage.ledger.deliveries.unprovenCount('far') === 1);
    stop.abort();
    await Promise.all(running);
    stop = new AbortController();
    const after = await commit(1);
    const remote = accepted();
    start(remote, { proof: 'accepted' });
    await until('both verified', () => isVerified(before) && isVerified(after));
    expect(remote.puts).toEqual([after.key]);
    await storage.clock.advance(1);
    expect(await greedy().freeOnce()).toBe(2);
    expect(await lying()).toEqual([]);
  });

  it('counts where a checksum is asked for and only the size is shown', async () => {
    const file = await commit(0);
    start(new ScriptedRemote(), { proof: 'checksum' });
    await until('taken', () => storage.ledger.deliveries.unprovenCount('far') === 1);
    expect(isVerified(file)).toBe(false);
  });
});

describe('a remote that never replaces an object', () => {
  it('gets media under another key', async () => {
    const file = await commit(0);
    const remote = new ScriptedRemote();
    remote.beforePut = (key) => {
      if (key === file.key) throw refusal('key-taken', 'permanent');
    };
    start(remote);
    await until('delivered', () => isVerified(file));
    expect([...remote.stored.keys()]).toEqual([storage.ledger.files.byId(file.id)!.key]);
    expect(storage.ledger.files.byId(file.id)!.key).not.toBe(file.key);
  });
});
