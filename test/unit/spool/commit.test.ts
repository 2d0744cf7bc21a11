import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FileRow } from '../../../src/ledger/files.js';
import { completeCommits } from '../../../src/spool/recover.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

/** Called around the one step that moves a file; a test replaces them to look, or to pull the plug. */
const around = vi.hoisted<Record<'before' | 'after', () => void>>(() => ({
  before: () => undefined,
  after: () => undefined,
}));

vi.mock('../../../lib/files.js', async (original) => {
  const files = await original<typeof import('../../../lib/files.js')>();
  return {
    ...files,
    async renameDurably(from: string, to: string) {
      around.before();
      await files.renameDurably(from, to);
      around.after();
    },
  };
});

let storage: Storage;
beforeEach(() => {
  storage = new Storage(['far', 'near']);
});
afterEach(() => {
  around.before = around.after = () => undefined;
  vi.restoreAllMocks();
  storage.close();
});

const cut = () => {
  throw new Error('power cut');
};
const inSpool = () => readdir(storage.layout.ready);

describe('a commit', () => {
  it('notes the intent before the rename, and footage only after it (I3)', async () => {
    const steps: string[] = [];
    around.before = () => {
      steps.push('rename');
      expect(storage.ledger.files.committing()).toHaveLength(1);
    };
    around.after = () => expect(storage.ledger.files.committing()).toHaveLength(1);
    const setState = storage.ledger.files.setState.bind(storage.ledger.files);
    vi.spyOn(storage.ledger.files, 'setState').mockImplementation((id, state) => {
      steps.push(state);
      expect(existsSync(join(storage.layout.ready, storage.ledger.files.byId(id)!.name))).toBe(true);
      setState(id, state);
    });
    storage.ledger.gaps.open('gate', NOON - MINUTE, 'recorder-crashed');
    const origin = await storage.working('000001.mp4');
    const file = await storage.commit({ origin, run: 'r', seq: 1 }, 'footage');
    expect(steps).toEqual(['rename', 'ready']);
    expect(file).toMatchObject({
      state: 'ready',
      bytes: 7,
      run: 'r',
      seq: 1,
      key: expect.stringContaining('home/gate/2026/'),
    });
    expect(await readFile(join(storage.layout.ready, file.name), 'utf8')).toBe('footage');
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far', 'near']);
    expect(existsSync(origin)).toBe(false);
    expect(storage.ledger.gaps.between('gate', 0, NOON * 2).map((gap) => [gap.start, gap.end])).toEqual([
      [NOON - MINUTE, NOON],
      [NOON + MINUTE, undefined],
    ]);
  });

  it('gives a second file of the same second a name of its own, whatever is on disk or was sent already (I2)', async () => {
    const first = await storage.commit({}, 'one');
    const second = await storage.commit({}, 'two');
    expect(second.name).toBe(first.name.replace('.mp4', '-2.mp4'));
    await rm(join(storage.layout.ready, first.name));
    storage.ledger.files.setState(first.id, 'removed');
    const sent = first.name.replace('.mp4', '-3.mp4');
    const unknown = first.name.replace('.mp4', '-4.mp4');
    await writeFile(join(storage.layout.sent, sent), 'from an older ledger');
    await writeFile(join(storage.layout.ready, unknown), 'not in the ledger');
    const third = await storage.commit({}, 'three');
    expect(third.key).toMatch(/_continuous-5\.mp4$/);
    expect(await readFile(join(storage.layout.ready, unknown), 'utf8')).toBe('not in the ledger');
    expect(await readFile(join(storage.layout.ready, second.name), 'utf8')).toBe('two');
  });

  it('lets footage win over time that was to be off', async () => {
    storage.ledger.offs.open('gate', NOON - MINUTE, 'no-motion');
    storage.ledger.offs.extend('gate', NOON + 2 * MINUTE);
    await storage.commit({}, 'footage');
    expect(storage.ledger.offs.between('gate', 0, NOON * 2).map((off) => [off.start, off.end])).toEqual([
      [NOON - MINUTE, NOON],
      [NOON + MINUTE, NOON + 2 * MINUTE],
    ]);
  });

  it('never owes a snapshot to a gap', async () => {
    storage.ledger.gaps.open('gate', NOON, 'silent');
    await storage.commit({ kind: 'snapshot', start: NOON + 5, end: NOON + 5 });
    expect(storage.ledger.gaps.between('gate', 0, NOON * 2)).toHaveLength(1);
  });

  const failures: [string, () => void, 'committed' | 'forgotten'][] = [
    ['before the rename', () => (around.before = cut), 'forgotten'],
    ['after the rename', () => (around.after = cut), 'committed'],
    [
      'while noting that it is ready',
      () => void vi.spyOn(storage.ledger.files, 'setState').mockImplementation(cut),
      'committed',
    ],
    [
      'while noting who it is owed to',
      () => void vi.spyOn(storage.ledger.deliveries, 'add').mockImplementation(cut),
      'committed',
    ],
    ['while filling the gap', () => void vi.spyOn(storage.ledger.gaps, 'fill').mockImplementation(cut), 'committed'],
  ];

  it.each(failures)(
    'cut off %s is completed at the next start, or left to be finished anew',
    async (_, fail, outcome) => {
      const origin = await storage.working('000001.mp4', 'as recorded');
      storage.ledger.gaps.open('gate', NOON - MINUTE, 'recorder-crashed');
      fail();
      await expect(storage.commit({ origin, run: 'r', seq: 1 }, 'sealed')).rejects.toThrow('power cut');
      vi.restoreAllMocks();
      around.before = around.after = () => undefined;
      storage.restart();
      await completeCommits(storage.spool, storage.ledger, storage.log);
      expect(storage.ledger.files.committing()).toEqual([]);
      if (outcome === 'forgotten') {
        expect(await inSpool()).toEqual([]);
        expect(existsSync(origin)).toBe(true);
        await storage.commit({ origin, run: 'r', seq: 1 }, 'sealed');
      }
      const file = storage.ledger.files.byOrigin('r', 1)!;
      expect(file).toMatchObject({ state: 'ready', bytes: 6 });
      expect(file.name).not.toContain('-2');
      expect(await inSpool()).toEqual([file.name]);
      expect(existsSync(origin)).toBe(false);
      expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far', 'near']);
      expect(storage.ledger.gaps.between('gate', NOON, NOON + MINUTE)).toEqual([]);
    },
  );

  it('whose bytes a power cut swallowed is finished anew, and what is left of it set aside', async () => {
    const origin = await storage.working('000001.mp4', 'as recorded');
    around.after = cut;
    await expect(storage.commit({ origin, run: 'r', seq: 1 }, 'sealed')).rejects.toThrow('power cut');
    const [name] = await inSpool();
    await writeFile(join(storage.layout.ready, name!), Buffer.alloc(6));
    storage.restart();
    await completeCommits(storage.spool, storage.ledger, storage.log);
    expect(await inSpool()).toEqual([]);
    expect(await readdir(storage.layout.quarantine)).toEqual([expect.stringContaining(name!)]);
    expect(storage.ledger.files.byOrigin('r', 1)).toBeUndefined();
    expect(existsSync(origin)).toBe(true);
  });
});

describe('a file whose key another object has', () => {
  const rekeyed = (file: FileRow) => storage.ledger.files.byId(file.id)!;

  it('gets the next free key, and is owed to every remote again', async () => {
    const file = await storage.commit({}, 'ours');
    storage.ledger.deliveries.verified(file.id, 'near', NOON, 'stat');
    storage.ledger.deliveries.started(file, 'far');
    await storage.spool.rekey(file);
    expect(rekeyed(file)).toMatchObject({ state: 'ready', key: file.key.replace('.mp4', '-2.mp4') });
    expect(await inSpool()).toEqual([rekeyed(file).name]);
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far', 'near']);
    // Looked up afresh: the new key may be taken, too.
    expect(storage.ledger.deliveries.newestOf('far', 'gate', NOON, new Set())!.begun).toBe(false);
  });

  it.each(['before', 'after'] as const)(
    'keeps its bytes and its deliveries when it is cut off %s the rename',
    async (when) => {
      const file = await storage.commit({}, 'ours');
      around[when] = cut;
      await expect(storage.spool.rekey(file)).rejects.toThrow('power cut');
      around[when] = () => undefined;
      storage.restart();
      await completeCommits(storage.spool, storage.ledger, storage.log);
      expect(rekeyed(file)).toMatchObject({ state: 'ready', name: file.name.replace('.mp4', '-2.mp4') });
      expect(await inSpool()).toEqual([rekeyed(file).name]);
      expect(await readFile(join(storage.layout.ready, rekeyed(file).name), 'utf8')).toBe('ours');
      expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['far', 'near']);
    },
  );

  it('gets one new key where two remotes find the old one taken at once, and its bytes are there', async () => {
    const file = await storage.commit({}, 'ours');
    const both = await Promise.all([storage.spool.rekey(file), storage.spool.rekey(file)]);
    expect(both).toEqual([true, false]);
    expect(await storage.spool.rekey(file)).toBe(false);
    expect(rekeyed(file)).toMatchObject({ state: 'ready', key: file.key.replace('.mp4', '-2.mp4') });
    expect(await inSpool()).toEqual([rekeyed(file).name]);
  });

  it('is forgotten without harm when it is gone at the next start', async () => {
    const file = await storage.commit({}, 'ours');
    around.before = cut;
    await expect(storage.spool.rekey(file)).rejects.toThrow('power cut');
    around.before = () => undefined;
    await rm(join(storage.layout.ready, file.name));
    storage.restart();
    await completeCommits(storage.spool, storage.ledger, storage.log);
    expect(storage.ledger.files.byId(file.id)).toBeUndefined();
  });
});

describe('setting files aside', () => {
  it('never puts one over another', async () => {
    for (const content of ['one', 'two']) await storage.spool.quarantine(await storage.working('000000.mp4', content));
    const kept = await readdir(storage.layout.quarantine);
    const contents = await Promise.all(kept.map((name) => readFile(join(storage.layout.quarantine, name), 'utf8')));
    expect(contents.sort()).toEqual(['one', 'two']);
  });

  it('moves a delivered file once, and does not mind that somebody else was quicker', async () => {
    const file = await storage.commit();
    await storage.spool.moveToSent(file.name);
    await storage.spool.moveToSent(file.name);
    expect(await readdir(storage.layout.sent)).toEqual([file.name]);
    await expect(storage.spool.moveToSent('unknown')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
