import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { statusReport } from '../../../src/operate/status.js';
import { rescan } from '../../../src/spool/rescan.js';
import { Retention, type RetentionPolicy } from '../../../src/spool/retain.js';
import { until } from '../../peers/until.js';
import { MINUTE, NOON, newFile, Storage } from '../../simulators/storage.js';

const HOUR = 60 * MINUTE;
/** Wants everything gone at once: no age, no bytes, and more free than any disk has. */
const GREEDY: RetentionPolicy = { keepMs: -1, maxBytes: 0, minFreeBytes: Number.MAX_SAFE_INTEGER };
const GENEROUS: RetentionPolicy = { keepMs: 48 * HOUR, minFreeBytes: 0 };

let storage: Storage;
beforeEach(() => {
  storage = new Storage(['far', 'near']);
});
afterEach(() => storage.close());

const retention = (policy: RetentionPolicy) =>
  new Retention(storage.spool, storage.ledger, policy, storage.clock, storage.log);
const lying = async () => [...(await readdir(storage.layout.ready)), ...(await readdir(storage.layout.sent))].sort();
const sent = async (n: number) => {
  const file = await storage.commit({ start: NOON + n * MINUTE });
  storage.deliver(file.id, NOON + n * MINUTE);
  await storage.spool.moveToSent(file.name);
  return file;
};

describe('retention', () => {
  it('never removes what no remote has, whatever the policy and the disk say (I1)', async () => {
    await storage.commit();
    expect(await retention(GREEDY).freeOnce()).toBe(0);
    expect(await lying()).toHaveLength(1);
  });

  it('never removes what one of several remotes is still missing (I1)', async () => {
    const file = await storage.commit();
    storage.ledger.deliveries.verified(file.id, 'far', NOON, 'stat');
    expect(await retention(GREEDY).freeOnce()).toBe(0);
    // Not even if the row itself claims more than its deliveries do.
    storage.ledger.files.verified(file.id, NOON, undefined);
    expect(await retention(GREEDY).freeOnce()).toBe(0);
    expect(await lying()).toEqual([file.name]);
    storage.ledger.deliveries.verified(file.id, 'near', NOON, 'stat');
    expect(await retention(GREEDY).freeOnce()).toBe(1);
    expect(await lying()).toEqual([]);
    expect(storage.ledger.files.byId(file.id)!.state).toBe('removed');
  });

  it('never removes anything where no remote is configured (I5)', async () => {
    const alone = new Storage([]);
    await alone.commit();
    const greedy = new Retention(alone.spool, alone.ledger, GREEDY, alone.clock, alone.log);
    expect(await greedy.freeOnce()).toBe(0);
    alone.close();
  });

  it('never removes a file that is being moved to another key', async () => {
    const file = await sent(0);
    storage.ledger.files.rename(file.id, 'k', 'n', join(storage.layout.sent, file.name));
    expect(await retention(GREEDY).freeOnce()).toBe(0);
  });

  it('never removes what came to be owed again since it looked, also where another process says so (I1)', async () => {
    const [gone, owed] = [await sent(0), await sent(1)];
    await storage.clock.advance(HOUR);
    const repair = new Ledger(storage.layout.ledger);
    const look = storage.ledger.files.removable.bind(storage.ledger.files);
    vi.spyOn(storage.ledger.files, 'removable').mockImplementationOnce((...of) => {
      const batch = look(...of);
      expect(repair.deliveries.again(owed.id, 'far')).toBe(true);
      return batch;
    });
    expect(await retention(GREEDY).freeOnce()).toBe(1);
    expect(await lying()).toEqual([owed.name]);
    expect([gone, owed].map(({ id }) => storage.ledger.files.byId(id)!.state)).toEqual(['removed', 'ready']);
    expect(storage.ledger.deliveries.newestOf('far', 'gate', NOON, new Set())!.file.id).toBe(owed.id);
    // Nor can it be owed again once it is to go.
    expect(repair.deliveries.again(gone.id, 'far')).toBe(false);
    repair.close();
  });

  it('says of nothing that it is removed as long as it cannot be', async () => {
    const file = await sent(0);
    await rm(join(storage.layout.sent, file.name));
    await mkdir(join(storage.layout.sent, file.name));
    await expect(retention(GREEDY).freeOnce()).rejects.toThrow();
    expect(storage.ledger.files.byId(file.id)!.state).toBe('ready');
  });

  it('keeps verified copies for as long as it was told, counted from their verification', async () => {
    const [old, young] = [await sent(0), await sent(60)];
    await storage.clock.advance(48 * HOUR + MINUTE);
    expect(await retention(GENEROUS).freeOnce()).toBe(1);
    expect(await lying()).toEqual([young.name]);
    expect(storage.ledger.files.byId(old.id)!.state).toBe('removed');
  });

  it('frees the oldest verification first, and no more than it takes to stay below the limit', async () => {
    const files = [await sent(0), await sent(1), await sent(2)];
    const all = files.reduce((sum, file) => sum + file.bytes, 0);
    expect(await retention({ ...GENEROUS, maxBytes: all }).freeOnce()).toBe(0);
    expect(await retention({ ...GENEROUS, maxBytes: all - files[0]!.bytes - 1 }).freeOnce()).toBe(2);
    expect(await lying()).toEqual([files[2]!.name]);
  });

  it('counts what waits for upload against the limit, and frees verified copies for it', async () => {
    const copy = await sent(0);
    const waiting = await storage.commit({ start: NOON + MINUTE });
    expect(await retention({ ...GENEROUS, maxBytes: waiting.bytes }).freeOnce()).toBe(1);
    expect(await lying()).toEqual([waiting.name]);
    expect(storage.ledger.files.byId(copy.id)!.state).toBe('removed');
  });

  it('frees more than a batch when the disk is short', async () => {
    for (let n = 0; n < 120; n++) {
      const id = storage.ledger.files.begin(newFile(NOON + n * MINUTE));
      storage.ledger.files.setState(id, 'ready');
      storage.ledger.files.verified(id, NOON + n, undefined);
    }
    expect(await retention({ ...GENEROUS, minFreeBytes: Number.MAX_SAFE_INTEGER }).freeOnce()).toBe(120);
  });

  it('goes on again and again until it is stopped', async () => {
    const file = await sent(0);
    const stop = new AbortController();
    const running = retention({ ...GENEROUS, keepMs: 90_000 }).run(stop.signal);
    await storage.clock.advance(MINUTE);
    expect(await lying()).toEqual([file.name]);
    await storage.clock.advance(MINUTE + 1);
    // A round may still be at work when the time of the next has come.
    await until('a later round', async () => {
      await storage.clock.advance(MINUTE);
      return storage.ledger.files.byId(file.id)!.state === 'removed';
    });
    stop.abort();
    await running;
  });

  describe('of a camera with a policy of its own', () => {
    const delivered = async (camera: string, n: number) => {
      const file = await storage.commit({ camera, start: NOON + n * MINUTE });
      storage.deliver(file.id, NOON + n * MINUTE);
      await storage.spool.moveToSent(file.name);
      return file;
    };

    it('keeps its copies for as long as it says, and those of the others as ever', async () => {
      const [yard, gate] = [await delivered('yard', 0), await delivered('gate', 0)];
      await storage.clock.advance(2 * HOUR);
      const shorter = { ...GENEROUS, cameras: new Map([['yard', { keepMs: HOUR }]]) };
      expect(await retention(shorter).freeOnce()).toBe(1);
      expect(await lying()).toEqual([gate.name]);
      expect(storage.ledger.files.byId(yard.id)!.state).toBe('removed');
      const longer = { ...GENEROUS, keepMs: HOUR, cameras: new Map([['gate', { keepMs: 3 * HOUR }]]) };
      expect(await retention(longer).freeOnce()).toBe(0);
    });

    it('keeps it below its bytes, oldest first, and never for what no remote has', async () => {
      const files = [await delivered('yard', 0), await delivered('yard', 1), await delivered('gate', 0)];
      const waiting = await storage.commit({ camera: 'yard', start: NOON + 5 * MINUTE });
      const maxBytes = files[1]!.bytes + waiting.bytes;
      const policy = { ...GENEROUS, cameras: new Map([['yard', { keepMs: 48 * HOUR, maxBytes }]]) };
      expect(await retention(policy).freeOnce()).toBe(1);
      expect(await lying()).toEqual([files[1]!, files[2]!, waiting].map(({ name }) => name).sort());
      policy.cameras.set('yard', { keepMs: 48 * HOUR, maxBytes: 0 });
      expect(await retention(policy).freeOnce()).toBe(1);
      expect(await lying()).toEqual([files[2]!, waiting].map(({ name }) => name).sort());
    });
  });

  describe('with consent to give up what was never sent', () => {
    const CONSENT: RetentionPolicy = { ...GENEROUS, whenFull: 'drop-oldest-unsent' };

    it('takes verified copies first, then what did not move, then motion, oldest first, and each is a gap', async () => {
      const order = [
        await sent(9),
        await storage.commit({ start: NOON + MINUTE }),
        await storage.commit({ start: NOON + 2 * MINUTE }),
        await storage.commit({ start: NOON, kind: 'motion' }),
        await storage.commit({ start: NOON + 3 * MINUTE, kind: 'motion' }),
      ];
      const picture = await storage.commit({ start: NOON, kind: 'snapshot' });
      for (let n = 0; n < order.length; n++) {
        const room = [...order.slice(n + 1), picture].reduce((sum, { bytes }) => sum + bytes, 0);
        expect(await retention({ ...CONSENT, maxBytes: room }).freeOnce()).toBe(1);
        expect(await lying()).toEqual([...order.slice(n + 1), picture].map(({ name }) => name).sort());
      }
      // Pictures and the index are never given up.
      expect(await retention({ ...GREEDY, whenFull: 'drop-oldest-unsent' }).freeOnce()).toBe(0);
      const gaps = storage.ledger.gaps.between('gate', 0, NOON * 2);
      expect(gaps.map(({ start, cause, detail }) => [start, cause, detail])).toEqual(
        [order[3]!, order[1]!, order[2]!, order[4]!].map(({ start, key }) => [start, 'dropped', key]),
      );
      expect(storage.lines.filter((line) => line.includes('is given up, as configured'))).toHaveLength(4);
      for (const { id } of order.slice(1)) expect(storage.ledger.deliveries.outstanding(id)).toEqual([]);
    });

    it('loses a mirror, not footage, where one remote has it: no gap, the index lists it, and status says so', async () => {
      const file = await storage.commit();
      storage.ledger.deliveries.verified(file.id, 'near', NOON, 'stat');
      expect(await retention({ ...CONSENT, maxBytes: 0 }).freeOnce()).toBe(1);
      expect(await lying()).toEqual([]);
      expect(storage.ledger.gaps.between('gate', 0, NOON * 2)).toEqual([]);
      const listed = storage.ledger.chains.pending('gate', 10).map(({ entry }) => entry);
      expect(listed).toEqual([expect.objectContaining({ type: 'segment', key: file.key })]);
      expect(storage.ledger.owed.remotes()).toEqual([]);
      const words = 'left this disk before far had it, and is on near: a loss of a mirror, not of footage';
      expect(storage.lines.join()).toContain(words);
      const { clock, ledger } = storage;
      const { problems } = statusReport({
        ...{ site: 'home', version: '1', now: clock.now(), running: true, ledger, cameras: new Map() },
        ...{ remotes: new Map([['far', undefined]]), deadlineMs: 60_000, disk: { freeBytes: 1, minFreeBytes: 0 } },
      });
      expect(problems).toEqual([expect.stringContaining('a loss of a mirror, not of footage')]);
    });

    it('gives up nothing while there is room', async () => {
      await storage.commit();
      expect(await retention({ ...CONSENT, maxBytes: 1e9 }).freeOnce()).toBe(0);
    });

    it('is undone by a kill between the note and the removal: the file is taken back, and the gap goes', async () => {
      const file = await storage.commit();
      const dying = retention({ ...GREEDY, whenFull: 'drop-oldest-unsent' });
      vi.spyOn(storage.log, 'error').mockImplementationOnce(() => {
        throw new Error('killed');
      });
      await expect(dying.freeOnce()).rejects.toThrow('killed');
      expect(await lying()).toEqual([file.name]);
      expect(await rescan(storage.spool, storage.ledger, storage.log)).toMatchObject({ adopted: 1 });
      expect(storage.ledger.files.byId(file.id)!.state).toBe('ready');
      expect(storage.ledger.gaps.between('gate', 0, NOON * 2)).toEqual([]);
      expect(storage.ledger.deliveries.outstanding(file.id).sort()).toEqual(['far', 'near']);
    });
  });
});
