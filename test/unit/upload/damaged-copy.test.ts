import { readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileRow } from '../../../src/ledger/files.js';
import { statusReport } from '../../../src/operate/status.js';
import { rescan } from '../../../src/spool/rescan.js';
import type { Uploader } from '../../../src/upload/uploader.js';
import { until } from '../../peers/until.js';
import { refusal, ScriptedRemote } from '../../simulators/scripted-remote.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';
import { uploaderOf } from '../../simulators/storage-uploader.js';

const [WHOLE, ROTTEN] = ['as it was recorded', 'as it was rec0rded'];

let storage: Storage;
let file: FileRow;
let [far, near]: ScriptedRemote[] = [];
let running: Promise<void>[];
let stop: AbortController;
beforeEach(async () => {
  storage = new Storage(['far', 'near']);
  file = await storage.commit({}, WHOLE);
  [far, near] = [new ScriptedRemote(), new ScriptedRemote()];
  running = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  storage.close();
});

function start(remoteName: string, remote: ScriptedRemote): Uploader {
  const uploader = uploaderOf(storage, remoteName, remote);
  running.push(uploader.run(stop.signal));
  return uploader;
}

const path = () => join(storage.layout.ready, file.name);
const again = () => rescan(storage.spool, storage.ledger, storage.log);
const row = () => storage.ledger.files.byId(file.id)!;
const gaps = () => storage.ledger.gaps.between('gate', NOON, NOON + MINUTE);
const isDamaged = () => storage.ledger.damages.has(file.id);
const aside = () => readdir(storage.layout.quarantine);
/** Lets `minutes` pass, one by one, as files and answers take their turns in between. */
async function pass(minutes: number): Promise<void> {
  for (let n = 0; n < minutes * 6; n++) await storage.clock.advance(10_000);
}
function problems(): string[] {
  const { ledger, clock } = storage;
  const live = new Map(storage.remotes.map((name) => [name, { state: 'idle' as const }]));
  const none = { cameras: new Map(), remotes: live, disk: { freeBytes: 2e9, minFreeBytes: 1e9 } };
  return statusReport({
    ...{ site: 'home', version: '0', now: clock.now(), running: true, ledger, deadlineMs: 60_000, ...none },
  }).problems;
}

describe('a file that was damaged on this disk', () => {
  it('is put once, not again and again; then it is a gap, set aside, and told of', async () => {
    await writeFile(path(), ROTTEN);
    start('far', far!);
    await until('it is found', isDamaged);
    expect(problems()).toEqual([expect.stringContaining(`: ${file.key}. The disk, or the memory, may be failing`)]);
    // Nor is it put anywhere else.
    start('near', near!);
    await pass(30);
    expect([far!.puts, near!.puts]).toEqual([[file.key], []]);
    expect(row()).toMatchObject({ state: 'ready', verifiedAt: undefined });
    expect(await again()).toMatchObject({ quarantined: 1, lost: 1 });
    expect(row().state).toBe('lost');
    expect(gaps()).toMatchObject([{ start: NOON, end: NOON + MINUTE, cause: 'file-damaged', detail: file.key }]);
    const [kept] = await aside();
    expect(await readFile(join(storage.layout.quarantine, kept!), 'utf8')).toBe(ROTTEN);
    expect(await again()).toMatchObject({ quarantined: 0, lost: 0 });
    await pass(30);
    expect([far!.puts, near!.puts]).toEqual([[file.key], []]);
    expect(storage.ledger.damages.of('far').map(({ key }) => key)).toEqual([file.key]);
    expect(storage.ledger.damages.of('near')).toEqual([]);
  });

  it('is not put at all where its size tells', async () => {
    await truncate(path(), 3);
    start('far', far!);
    await until('it is found', isDamaged);
    await again();
    expect(far!.puts).toEqual([]);
    expect(gaps()).toMatchObject([{ cause: 'file-damaged' }]);
  });

  it('counts where another remote has it whole: the index lists it, nothing is a gap, and a mirror is lost', async () => {
    far!.beforePut = () => Promise.reject(refusal('unreachable'));
    start('near', near!);
    await until('near has it', () => storage.ledger.deliveries.holders(file.id).length === 1);
    await writeFile(path(), ROTTEN);
    far!.beforePut = () => undefined;
    start('far', far!);
    await until('it is found', isDamaged);
    await again();
    expect(row()).toMatchObject({ state: 'removed', verifiedAt: NOON });
    expect(storage.ledger.deliveries.holders(file.id)).toEqual(['near']);
    expect(storage.ledger.damages.of('far').map(({ key }) => key)).toEqual([file.key]);
    expect([gaps(), await aside()]).toEqual([[], [expect.stringContaining(file.name)]]);
    expect(problems()).toEqual([
      expect.stringContaining('a loss of a mirror, not of footage'),
      expect.stringContaining('may be failing'),
    ]);
  });

  it('is sent again where it was only misread, over what lies there; ever more seldom', async () => {
    await writeFile(path(), ROTTEN);
    start('far', far!);
    await until('it is found', isDamaged);
    for (const time of [1, 2, 3]) {
      await writeFile(path(), WHOLE);
      expect(await again()).toMatchObject({ quarantined: 0, lost: 0 });
      expect(isDamaged()).toBe(false);
      if (time < 3) await writeFile(path(), ROTTEN);
      await pass(1);
      if (time < 3) await until('it is found once more', isDamaged);
      // Damaged, it is put but once.
      if (time < 3) expect(far!.puts).toHaveLength(1);
    }
    await until('far has it', () => storage.ledger.deliveries.holders(file.id).includes('far'));
    expect(String(far!.stored.get(file.key))).toBe(WHOLE);
  });

  it('is not put over what lies there, which may be the one whole copy: the reply to an earlier put was lost', async () => {
    const put = far!.put.bind(far!);
    far!.put = async (...args) => {
      await put(...args);
      throw refusal('connection-lost');
    };
    start('far', far!);
    await until('it lies there', () => far!.stored.has(file.key));
    await writeFile(path(), ROTTEN);
    await pass(5);
    await until('it is found', isDamaged);
    expect([far!.puts, String(far!.stored.get(file.key))]).toEqual([[file.key], WHOLE]);
  });

  it('waits for a copy that is to be looked at once more, before it is given up', async () => {
    storage.ledger.doubts.begin(file.id, 'near', NOON, NOON + MINUTE, 'stat', 'size');
    await writeFile(path(), ROTTEN);
    start('far', far!);
    await until('it is found', isDamaged);
    await again();
    expect([row().state, await aside()]).toEqual(['ready', []]);
    storage.ledger.doubts.cleared(file.id, 'near');
    await again();
    expect([row().state, gaps()]).toEqual(['removed', []]);
  });

  it('is no loss where a remote that was being sent it before has got it whole after all', async () => {
    let answer: (() => void) | undefined;
    const put = near!.put.bind(near!);
    near!.put = async (...args) => {
      const receipt = await put(...args);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return receipt;
    };
    start('near', near!);
    await until('near reads it', () => near!.stored.has(file.key));
    await writeFile(path(), ROTTEN);
    start('far', far!);
    await until('it is found', isDamaged);
    await again();
    expect([row().state, gaps().length]).toEqual(['lost', 1]);
    answer!();
    await until('near has it', () => storage.ledger.deliveries.holders(file.id).length === 1);
    expect([row(), gaps()]).toMatchObject([{ state: 'removed', verifiedAt: NOON, crc64nvme: 'crc' }, []]);
    expect(storage.ledger.chains.pending('gate', 10)).toMatchObject([{ entry: { key: file.key } }]);
    expect(problems()).toContainEqual(expect.stringContaining('a loss of a mirror, not of footage'));
    expect(storage.ledger.damages.of('far').map(({ key }) => key)).toEqual([file.key]);
  });

  it('is owed to all again once it is put back whole', async () => {
    await writeFile(path(), ROTTEN);
    start('far', far!);
    await until('it is found', isDamaged);
    await again();
    const [kept] = await aside();
    await rename(join(storage.layout.quarantine, kept!), path());
    await again();
    // Still damaged: set aside once more.
    expect([row().state, await aside()]).toMatchObject(['lost', { length: 1 }]);
    await writeFile(path(), WHOLE);
    await again();
    expect([row().state, gaps()]).toEqual(['ready', []]);
    start('near', near!);
    await pass(2);
    await until('all have it', () => row().verifiedAt !== undefined);
    expect(String(far!.stored.get(file.key))).toBe(WHOLE);
  });
});
