import { copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Throttle } from '../../../lib/remote/throttle.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { adoptSent } from '../../../src/spool/adopt-sent.js';
import { Retention } from '../../../src/spool/retain.js';
import { SpoolWatch } from '../../../src/spool/watch.js';
import { Uploader } from '../../../src/upload/uploader.js';
import { until } from '../../peers/until.js';
import { type Clip, makeClip } from '../../simulators/clip.js';
import { refusal, ScriptedRemote } from '../../simulators/scripted-remote.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

const FOOTAGE = 'gate_20260503T120000Z_continuous.mp4';
const PICTURE = 'gate_20260503T120001Z_snapshot.jpg';

let clip: Clip;
let storage: Storage;
let stop: AbortController;
let running: Promise<void>[];
beforeAll(async () => {
  clip = await makeClip();
});
afterAll(() => clip.remove());
beforeEach(() => {
  storage = new Storage();
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  storage.close();
});

/** Delivered files, and a ledger that knows nothing of them. */
async function ledgerLost(): Promise<void> {
  await copyFile(clip.sealed, join(storage.layout.sent, FOOTAGE));
  await writeFile(join(storage.layout.sent, PICTURE), 'picture');
}
const adopt = () => adoptSent(storage.spool, storage.ledger, storage.log, stop.signal);
const lying = (folder: 'ready' | 'sent') => readdir(storage.layout[folder]);

function upload(remote: ScriptedRemote): void {
  const { spool, ledger, clock, log, layout } = storage;
  const outbox = {
    folder: layout.ready,
    moveToSent: (name: string) => spool.moveToSent(name),
    rekey: (file: Parameters<typeof spool.rekey>[0]) => spool.rekey(file),
  };
  const uploader = new Uploader({
    ...{ remoteName: 'far', remote, outbox, ledger, clock, log, parallel: 1, deadlineMs: 60_000 },
    line: { closed: () => undefined },
    throttle: new Throttle(clock, () => Number.POSITIVE_INFINITY),
  });
  running.push(uploader.run(stop.signal));
}

describe('delivered files after the ledger was lost', () => {
  it('wait again, unverified, and nothing frees them', async () => {
    await ledgerLost();
    expect(await adopt()).toBe(2);
    expect((await lying('ready')).sort()).toEqual([FOOTAGE, PICTURE]);
    const file = storage.ledger.files.byName(FOOTAGE)!;
    expect(file).toMatchObject({ state: 'ready', source: 'adopted', key: `home/gate/2026/05/03/${FOOTAGE}` });
    expect(Math.abs(file.end - file.start - clip.durationMs)).toBeLessThan(200);
    expect(file.verifiedAt).toBeUndefined();
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far']);
    expect(storage.ledger.files.removable(10)).toEqual([]);
    expect(await adopt()).toBe(0);
  });

  it('count as delivered once the remote shows them, and are freed as ever; nothing is sent again', async () => {
    await ledgerLost();
    const remote = new ScriptedRemote();
    await adopt();
    for (const name of [FOOTAGE, PICTURE]) {
      const { key, bytes } = storage.ledger.files.byName(name)!;
      remote.stored.set(key, Buffer.alloc(bytes));
    }
    upload(remote);
    await until('both to be delivered', async () => (await lying('sent')).length === 2);
    expect(remote.puts).toEqual([]);
    await storage.clock.advance(1);
    const policy = { keepMs: 0, minFreeBytes: 0 };
    const retention = new Retention(storage.spool, storage.ledger, policy, storage.clock, storage.log);
    expect(await retention.freeOnce()).toBe(2);
    expect(await lying('sent')).toEqual([]);
  });

  it('are sent again where the remote has lost them', async () => {
    await ledgerLost();
    const remote = new ScriptedRemote();
    await adopt();
    upload(remote);
    await until('both to be delivered', async () => (await lying('sent')).length === 2);
    expect(remote.puts).toHaveLength(2);
  });

  it('are taken over by the service at its start', async () => {
    await ledgerLost();
    const { spool, ledger, clock, log } = storage;
    let told = 0;
    running.push(new SpoolWatch(spool, ledger, clock, log, () => told++).run(stop.signal));
    await until('both to wait', () => ledger.files.backlog('gate').files === 2);
    await until('the uploader to hear of it', () => told >= 2);
  });

  it('are freed after all where a kill came between the note that they go and their removal', async () => {
    const [kept, cut] = [await storage.commit(), await storage.commit({ start: NOON + MINUTE })];
    for (const { id, name } of [kept, cut]) {
      storage.deliver(id);
      await storage.spool.moveToSent(name);
      storage.ledger.files.setState(id, 'removed');
    }
    await writeFile(join(storage.layout.sent, cut.name), 'cut');
    expect(await adopt()).toBe(0);
    expect(storage.ledger.files.removable(10).map(({ id }) => id)).toEqual([kept.id]);
    expect(await lying('sent')).toHaveLength(2);
  });

  it('stay where they are when they cannot be read, or are no media; and known ones are left alone', async () => {
    const known = await storage.commit();
    storage.deliver(known.id);
    await storage.spool.moveToSent(known.name);
    await writeFile(join(storage.layout.sent, 'gate_20260503T130000Z_continuous.mp4'), 'no film at all');
    await writeFile(join(storage.layout.sent, 'index_gate_20260503_12-1.ndjson'), '{}');
    expect(await adopt()).toBe(0);
    expect(await lying('sent')).toHaveLength(3);
    expect(storage.lines.join()).toContain('cannot be read');
  });

  it('are adopted from where a kill left them', async () => {
    await ledgerLost();
    await storage.spool.takeBack(FOOTAGE);
    await rm(join(storage.layout.sent, PICTURE));
    const other = new Ledger(storage.layout.ledger);
    expect(other.files.byName(FOOTAGE)).toBeUndefined();
    other.close();
    running.push(new SpoolWatch(storage.spool, storage.ledger, storage.clock, storage.log, () => 0).run(stop.signal));
    await until('it to wait', () => storage.ledger.files.backlog('gate').files === 1);
  });

  describe('on a remote that may only be put to', () => {
    const denied = () => {
      throw refusal('permission-denied', 'permanent');
    };

    it('are found by listing their folder', async () => {
      await ledgerLost();
      const remote = new ScriptedRemote();
      remote.beforeStat = denied;
      await adopt();
      const { key, bytes, id } = storage.ledger.files.byName(FOOTAGE)!;
      remote.stored.set(key, Buffer.alloc(bytes));
      upload(remote);
      await until('both to be delivered', async () => (await lying('sent')).length === 2);
      expect(remote.puts).toEqual([storage.ledger.files.byName(PICTURE)!.key]);
      expect(storage.ledger.deliveries.outstanding(id)).toEqual([]);
    });

    it('are sent once more under their own names where that is not allowed either', async () => {
      await ledgerLost();
      const remote = new ScriptedRemote();
      remote.beforeStat = denied;
      // biome-ignore lint/correctness/useYield: refused before the first.
      remote.list = async function* () {
        denied();
      };
      await adopt();
      upload(remote);
      await until('both to be delivered', async () => (await lying('sent')).length === 2);
      expect(remote.puts.sort()).toEqual([FOOTAGE, PICTURE].map((name) => `home/gate/2026/05/03/${name}`));
    });
  });

  it('get another key where the remote holds something else at theirs (I2)', async () => {
    await ledgerLost();
    const remote = new ScriptedRemote();
    await adopt();
    const { key } = storage.ledger.files.byName(FOOTAGE)!;
    remote.stored.set(key, Buffer.from('of somebody else'));
    upload(remote);
    await until('both to be delivered', async () => (await lying('sent')).length === 2);
    expect(String(remote.stored.get(key))).toBe('of somebody else');
    expect(remote.puts).toContain(key.replace('.mp4', '-2.mp4'));
  });
});
