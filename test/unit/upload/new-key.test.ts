import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderReader } from '../../../lib/objects/folder-reader.js';
import { nothingYet } from '../../../src/archive/verify/findings.js';
import { verifyArchive } from '../../../src/archive/verify/verify-archive.js';
import { verifyListing } from '../../../src/archive/verify/verify-recorder.js';
import type { FileRow } from '../../../src/ledger/files.js';
import { rescan } from '../../../src/spool/rescan.js';
import type { Uploader } from '../../../src/upload/uploader.js';
import { until } from '../../peers/until.js';
import { ArchiveFolder } from '../../simulators/folder-archive.js';
import { refusal, ScriptedRemote } from '../../simulators/scripted-remote.js';
import { NOON, Storage } from '../../simulators/storage.js';
import { uploaderOf } from '../../simulators/storage-uploader.js';

/** Has stored a file before it is held up, so that the put ends well whatever becomes of the file here meanwhile. */
class LateRemote extends ScriptedRemote {
  afterPut: (key: string) => unknown = () => undefined;

  override async put(...args: Parameters<ScriptedRemote['put']>) {
    const receipt = await super.put(...args);
    await this.afterPut(args[0]);
    return receipt;
  }
}

let storage: Storage;
let file: FileRow;
let slow: LateRemote;
let other: ScriptedRemote;
let running: Promise<void>[];
let uploaders: Uploader[];
let stop: AbortController;
beforeEach(async () => {
  storage = new Storage(['slow', 'other']);
  file = await storage.commit({}, 'ours');
  [slow, other] = [new LateRemote(), new ScriptedRemote()];
  other.stored.set(file.key, Buffer.from('of another recorder'));
  [running, uploaders] = [[], []];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  storage.close();
});

function start(remoteName: string, remote: ScriptedRemote): void {
  const uploader = uploaderOf(storage, remoteName, remote);
  running.push(uploader.run(stop.signal));
  uploaders.push(uploader);
  storage.spool.onReady = () => {
    for (const one of uploaders) one.poke();
  };
}

/** Holds each call up until it is let go, once for each key. */
function holding() {
  const held = new Map<string, () => void>();
  return { held, hold: (key: string) => new Promise<void>((go) => held.set(key, go)) };
}
const now = () => storage.ledger.files.byId(file.id)!;
const isAt = (key: string, remote: ScriptedRemote) => remote.stored.get(key)?.toString();

/** Keys on the slow remote that nobody accounts for: as of one that may only be listed, and of one that may be read. */
async function unlisted() {
  const { ledger } = storage;
  const isKnown = (key: string) => ledger.files.byKey(key) !== undefined;
  const delivered = ledger.files.delivered('slow', 'gate', NOON, NOON + 1);
  const into = nothingYet();
  const store = { name: 'listed', list: (folder: string) => slow.list(folder) };
  await verifyListing(store, 'home/gate/2026/05/03/', delivered, isKnown, into);
  const archive = await ArchiveFolder.create();
  for (const [key, bytes] of slow.stored) await archive.write(key, String(bytes));
  const depth = { checksum: true, download: 0 };
  const late = { now: Number.MAX_SAFE_INTEGER, pendingMs: 0 };
  const reading = { reader: new FolderReader(archive.root), site: 'home', depth, ...late, isKnown };
  await verifyArchive({ ...reading, delivered: () => delivered, signal: stop.signal }, into);
  await archive.dispose();
  expect(into.findings.filter(({ kind }) => kind !== 'unindexed')).toEqual([]);
  return into.findings.map(({ key }) => key);
}

describe('a file that gets a new key while it is being sent', () => {
  it('is verified on no remote that has it under the old one alone (I1)', async () => {
    const { held, hold } = holding();
    slow.afterPut = hold;
    start('slow', slow);
    await until('under way', () => held.has(file.key));
    start('other', other);
    await until('a new key', () => isAt(now().key, other) === 'ours');
    await until('noted', () => storage.ledger.deliveries.outstanding(file.id).length === 1);
    held.get(file.key)!();
    await until('sent anew', () => held.has(now().key));
    expect(storage.ledger.deliveries.outstanding(file.id)).toEqual(['slow']);
    expect(storage.ledger.files.removable(10)).toEqual([]);
    held.get(now().key)!();
    await until('delivered', () => now().verifiedAt !== undefined);
    expect([slow, other].map((remote) => isAt(now().key, remote))).toEqual(['ours', 'ours']);
    expect(isAt(file.key, other)).toBe('of another recorder');
  });

  it('leaves a copy under the old one that the log tells of, and verify of both kinds of stores names', async () => {
    const { held, hold } = holding();
    slow.afterPut = (key) => (key === file.key ? hold(key) : undefined);
    start('slow', slow);
    await until('under way', () => held.has(file.key));
    start('other', other);
    await until('a new key', () => isAt(now().key, other) === 'ours');
    held.get(file.key)!();
    await until('delivered', () => now().verifiedAt !== undefined);
    expect(isAt(file.key, slow)).toBe('ours');
    const told = storage.lines.map((line) => JSON.parse(line)).filter(({ msg }) => /stays there/.test(msg));
    expect(told).toMatchObject([{ key: file.key, remote: 'slow' }]);
    expect(await unlisted()).toEqual([file.key, file.key]);
  });

  it('leaves one also where the old one was delivered there before', async () => {
    start('slow', slow);
    await until('there', () => storage.ledger.deliveries.holders(file.id).length === 1);
    start('other', other);
    await until('delivered', () => now().verifiedAt !== undefined);
    const told = storage.lines.map((line) => JSON.parse(line)).filter(({ msg }) => /stays there/.test(msg));
    expect(told).toMatchObject([{ key: file.key, remote: 'slow' }]);
    expect(await unlisted()).toEqual([file.key, file.key]);
  });

  it('is looked for under the new one before it is put there: what lies there may be of somebody else (I2)', async () => {
    const { held, hold } = holding();
    slow.beforeStat = hold;
    start('slow', slow);
    await until('asked for', () => held.has(file.key));
    start('other', other);
    await until('a new key', () => isAt(now().key, other) === 'ours');
    held.get(file.key)!();
    await until('asked for again', () => held.has(now().key));
    expect(slow.puts).toEqual([]);
    held.get(now().key)!();
    await until('delivered', () => now().verifiedAt !== undefined);
    expect(slow.puts).toEqual([now().key]);
  });

  it('gets one for all remotes that find the old one taken, and is neither lost nor twice there', async () => {
    slow.stored.set(file.key, Buffer.from('of another recorder, too'));
    start('slow', slow);
    start('other', other);
    await until('delivered', () => now().verifiedAt !== undefined);
    expect(now().key).toBe(file.key.replace('.mp4', '-2.mp4'));
    expect([slow, other].map((remote) => isAt(now().key, remote))).toEqual(['ours', 'ours']);
    const { spool, ledger, log } = storage;
    await until('moved', () => existsSync(join(storage.layout.sent, now().name)));
    expect(await rescan(spool, ledger, log)).toEqual({ adopted: 0, quarantined: 0, moved: 0, lost: 0 });
    expect(ledger.gaps.between('gate', 0, NOON * 2)).toEqual([]);
  });

  it('does not wait because it failed under the old one', async () => {
    const { held, hold } = holding();
    slow.afterPut = (key) =>
      key === file.key &&
      hold(key).then(() => {
        throw refusal('remote-failure');
      });
    start('slow', slow);
    await until('under way', () => held.has(file.key));
    start('other', other);
    await until('a new key', () => isAt(now().key, other) === 'ours');
    held.get(file.key)!();
    // The clock stands still.
    await until('delivered', () => now().verifiedAt !== undefined);
  });
});
