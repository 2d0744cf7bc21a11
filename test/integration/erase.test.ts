import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FolderEraser } from '../../lib/objects/folder-eraser.js';
import { FolderReader } from '../../lib/objects/folder-reader.js';
import { lineHash } from '../../src/archive/chain.js';
import { carryOut, planErase } from '../../src/archive/erase/erase.js';
import { eraseLocal, planLocal, unlistedKeys } from '../../src/archive/erase/local.js';
import { writeReceipt } from '../../src/archive/erase/receipt.js';
import { identityFingerprint, loadIdentity, signatureKey, signDay } from '../../src/archive/signature.js';
import { account } from '../../src/archive/timeline.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import { rescan } from '../../src/spool/rescan.js';
import type { Radosgw } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';
import { command } from '../simulators/command.js';
import { at, gap, segment, snapshot } from '../simulators/entries.js';
import { ArchiveFolder, buildArchive } from '../simulators/folder-archive.js';
import { MINUTE, minute, NOON, Storage } from '../simulators/storage.js';

const DAY = '2026-05-03';
const films = Array.from({ length: 6 }, (_, n) =>
  segment('gate', at(DAY, `12:${n}0`), at(DAY, `12:${n + 1}0`.replace('12:60', '13:00'))),
);
const picture = snapshot('gate', at(DAY, '12:25'));
const all = [...films, picture];
/** Touches the third film, and holds the picture. */
const SPAN = ['--camera', 'gate', '--from', `${DAY}T12:21:00Z`, '--to', `${DAY}T12:29:00Z`];
const gone = [films[2]!.key, picture.key];

describe('erase, of a folder', () => {
  let archive: ArchiveFolder;
  beforeAll(async () => {
    archive = await ArchiveFolder.create();
    // As a recorder writes it: several shards, one chain.
    await archive.add(all.slice(0, 2));
    await archive.add(all.slice(2, 4));
    await archive.add([...all.slice(4), gap('gate', at(DAY, '13:00'), at(DAY, '13:05'))]);
  });
  afterAll(() => archive.dispose());
  const nvr = (...args: string[]) => command([args[0]!, '--folder', archive.root, ...args.slice(1), '--json']);
  const verify = async (...more: string[]) => JSON.parse((await nvr('verify', '--checksum', ...more)).stdout);

  it('first says what would go, and changes nothing', async () => {
    const { exit, stdout } = await nvr('erase', ...SPAN);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, erased: 2, indexEntries: 2, files: gone });
    expect(await verify()).toMatchObject({ checked: 7, missing: [], altered: [], erased: 0 });
  });

  it('names the cameras there are where one is meant that is none of them, and wants a reason that says something', async () => {
    const unknown = await nvr('erase', ...SPAN, '--camera', 'gaet', '-y');
    expect([unknown.exit, unknown.stderr]).toEqual([
      ...[2, expect.stringMatching(/^There is no camera "gaet" in .*\n→ Did you mean gate\? There are: gate\.\n$/)],
    ]);
    const empty = await nvr('erase', ...SPAN, '--reason', ' ', '-y');
    expect([empty.exit, empty.stderr]).toEqual([2, expect.stringMatching(/^`--reason` is empty\n→ /)]);
    expect(await verify()).toMatchObject({ checked: 7, erased: 0 });
  });

  it('leaves no byte of it, and a chain that is whole', async () => {
    const folder = join(archive.root, 'home/index/gate/2026/05/03');
    const signed = identityFingerprint(await signAll(archive, folder));
    const { stdout } = await nvr('erase', ...SPAN, '--reason', 'asked for by a visitor', '-y');
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, erased: 2 });
    for (const key of gone) expect(existsSync(join(archive.root, key))).toBe(false);
    for (const name of await readdir(folder)) {
      const text = await readFile(join(folder, name), 'utf8');
      for (const key of gone) expect(text, name).not.toContain(key);
      for (const { sha256 } of [films[2]!, picture]) expect(text, name).not.toContain(sha256);
    }
    // Whole, by the signature that was made before; the time is a gap with that cause.
    const result = await verify();
    expect(result).toMatchObject({
      checked: 5,
      missing: [],
      altered: [],
      unaccounted: [],
      erased: 2,
      signers: [signed],
    });
    expect(result.gaps).toContainEqual(expect.objectContaining({ cause: 'erased', start: `${DAY}T12:20:00.000Z` }));
    // Nothing is left to erase.
    expect(JSON.parse((await nvr('erase', ...SPAN)).stdout)).toMatchObject({ erased: 0 });
  });

  it('is no way to hide something: a tombstone without its receipt, or with one of another key, is named', async () => {
    const folder = join(archive.root, 'home/index/gate/2026/05/03');
    const name = (await readdir(folder)).find((one) => one.startsWith('erased-'))!;
    const receipt = await readFile(join(folder, name), 'utf8');
    expect(JSON.parse(receipt)).toMatchObject({ reason: 'asked for by a visitor', day: DAY, entries: [{}, {}] });
    await writeFile(join(folder, name), receipt.replace('"n":', '"n":9'));
    const changed = await verify();
    expect(changed.altered.length).toBeGreaterThan(0);
    expect(changed.altered[0].message).toMatch(/was erased, and no receipt says so/);
    await writeFile(join(folder, name), receipt);
    // With a noted key, the recorder itself must have said so.
    const identity = await loadIdentity(join(archive.root, '..', `key-${randomBytes(4).toString('hex')}.pem`));
    const key = identityFingerprint(identity.publicKey);
    const unsigned = await verify('--key', key);
    expect(
      unsigned.altered.some(({ message }: { message: string }) => message.includes('signed by the key expected')),
    ).toBe(true);
    await writeFile(join(folder, name), writeReceipt(JSON.parse(receipt), identity));
    const signed = await verify('--key', key);
    expect(signed.altered.filter(({ message }: { message: string }) => message.includes('was erased'))).toEqual([]);
  });
});

describe('erase, of a bucket', () => {
  let server: Radosgw;
  let client: S3Client;
  beforeAll(async () => {
    server = await sharedRadosgw();
    client = new S3Client({ ...server.access, forcePathStyle: true });
  });
  afterAll(() => client.destroy());

  async function filled(objectLock: boolean) {
    const bucket = await server.createBucket({ objectLock });
    await client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const put = async (Key: string, Body: string) =>
      void (await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body })));
    await buildArchive(put)(all);
    const nvr = async (name: string, ...args: string[]) => {
      const { accessKeyId, secretAccessKey } = server.access.credentials;
      vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
      try {
        return await command([name, '--bucket', bucket, '--endpoint', server.access.endpoint, ...args, '--json']);
      } finally {
        vi.unstubAllEnvs();
      }
    };
    const bodies = async () => {
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      const texts: string[] = [];
      for (const { Key, VersionId } of Versions) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key, VersionId }));
        texts.push(`${Key} ${await Body!.transformToString()}`);
      }
      return texts;
    };
    return { bucket, put, nvr, bodies };
  }

  it('takes every version, of media and of the index', async () => {
    const { put, nvr, bodies } = await filled(false);
    // Somebody stored another version once.
    await put(films[2]!.key, `${films[2]!.key} tampered`);
    await put(films[2]!.key, films[2]!.key);
    expect((await bodies()).filter((text) => text.includes(films[2]!.key)).length).toBe(4);
    const { exit, stdout } = await nvr('erase', ...SPAN, '-y');
    expect([exit, JSON.parse(stdout).versions]).toEqual([0, 5]);
    for (const text of await bodies()) for (const key of gone) expect(text).not.toContain(key);
    const { stdout: verified } = await nvr('verify', '--checksum');
    expect(JSON.parse(verified)).toMatchObject({ checked: 5, missing: [], altered: [], erased: 2 });
  });

  it('refuses all of it where any is under a legal hold', async () => {
    const { bucket, nvr, bodies } = await filled(true);
    const before = await bodies();
    await client.send(new PutObjectLegalHoldCommand({ Bucket: bucket, Key: picture.key, LegalHold: { Status: 'ON' } }));
    for (const how of [['-y'], []]) {
      const { exit, stdout, stderr } = await nvr('erase', ...SPAN, ...how);
      expect([exit, JSON.parse(stdout).error.code]).toEqual([1, 'locked']);
      expect(stderr).toContain(`${picture.key}: a legal hold`);
    }
    expect(await bodies()).toEqual(before);
  });
});

describe('erase, of a recorder', () => {
  it('takes local copies, small pictures and exports, and refuses what is on its way', async () => {
    const storage = new Storage();
    const file = await storage.commit(minute(NOON));
    const other = await storage.commit(minute(NOON + 10 * MINUTE));
    const span = { camera: 'gate', start: NOON, end: NOON + MINUTE };
    expect(() => planLocal(storage.ledger, storage.layout, span, [])).toThrow(/still being uploaded/);
    for (const { id } of [file, other]) storage.deliver(id);
    const plan = planLocal(storage.ledger, storage.layout, span, []);
    expect(plan.rows.map(({ key }) => key)).toEqual([file.key]);
    await eraseLocal(storage.ledger, storage.layout, plan);
    expect(existsSync(join(storage.layout.ready, file.name))).toBe(false);
    expect(existsSync(join(storage.layout.ready, other.name))).toBe(true);
    expect(storage.ledger.files.byKey(file.key)).toBeUndefined();
    expect(storage.ledger.files.byKey(other.key)).toBeDefined();
    storage.close();
  });

  it('takes what was set aside as damaged, and what was sent of it, which no index lists', async () => {
    const storage = new Storage();
    const { ledger, layout, spool, log } = storage;
    const file = await storage.commit(minute(NOON), 'as recorded');
    const other = await storage.commit(minute(NOON + 10 * MINUTE), 'as recorded');
    const archive = await ArchiveFolder.create();
    for (const one of [file, other]) {
      await writeFile(join(layout.ready, one.name), 'as rec0rded');
      ledger.damages.found(one, 'far', true, 'damaged');
      await archive.write(one.key, 'as rec0rded');
    }
    await rescan(spool, ledger, log);
    expect(await readdir(layout.quarantine)).toHaveLength(2);
    const span = { camera: 'gate', start: NOON, end: NOON + MINUTE };
    const unlisted = unlistedKeys(ledger, span);
    const [reader, eraser] = [new FolderReader(archive.root), new FolderEraser(archive.root)];
    const target = { reader, eraser, site: 'home', ...span, unlisted };
    const plan = await planErase(target);
    await eraseLocal(ledger, layout, planLocal(ledger, layout, span, plan.files));
    await carryOut(target, plan, { by: 'a test', reason: 'asked for', now: NOON });
    expect(await readdir(layout.quarantine)).toEqual([expect.stringContaining(other.name)]);
    expect([file, other].map(({ key }) => existsSync(join(archive.root, key)))).toEqual([false, true]);
    await archive.dispose();
    storage.close();
  });

  it('calls the time of what went erased, and lists that where the index had no entry to replace', async () => {
    const storage = new Storage();
    const breakMs = 20;
    const files = [];
    // Four that follow each other, as closely as files do; the first two of them are erased, one of which the index lists.
    for (const n of [0, 1, 2, 3]) files.push(await storage.commit(minute(NOON + n * (MINUTE + breakMs))));
    for (const { id } of files) storage.deliver(id);
    const { ledger } = storage;
    ledger.chains.advance('gate', [`file:${files[0]!.id}`], { n: 1, prev: '0'.repeat(64), shard: 1 });
    const plan = planLocal(ledger, storage.layout, { camera: 'gate', start: NOON, end: NOON + 2 * MINUTE }, []);
    await eraseLocal(ledger, storage.layout, plan);
    const found = ledger.gaps.between('gate', 0, 2 * NOON);
    const [second, third] = [files[1]!.start, files[2]!.start];
    expect(found).toMatchObject([
      { start: NOON, end: second, cause: 'erased' },
      { start: second, end: third, cause: 'erased' },
    ]);
    const listed = ledger.chains.pending('gate', 10).map(({ entry }) => entry);
    expect(listed.filter((entry) => 'cause' in entry)).toMatchObject([{ start: second, end: third }]);
    const rest = ledger.files.between('gate', 0, 2 * NOON).map(mediaEntry);
    const entries = [...rest, ...found.map((one) => gapEntry(one, 0))];
    const told = account(entries, { start: NOON, end: files[3]!.end });
    expect(told).toMatchObject({ unaccountedMs: 0, gapMsByCause: { erased: third - NOON } });
    storage.close();
  });
});

/** Signs what the shards of the day are, as the recorder does. */
async function signAll(archive: ArchiveFolder, folder: string) {
  const identity = await loadIdentity(join(archive.root, '..', `key-${randomBytes(4).toString('hex')}.pem`));
  const shards = [];
  for (const name of (await readdir(folder)).sort()) {
    const lines = (await readFile(join(folder, name), 'utf8')).trim().split('\n');
    const n = (line: string) => (JSON.parse(line) as { n: number }).n;
    const number = Number(/-(\d+)\./.exec(name)![1]);
    shards.push({ number, first: n(lines[0]!), last: n(lines.at(-1)!), head: lineHash(lines.at(-1)!) });
  }
  shards.sort((a, b) => a.number - b.number);
  const text = signDay(identity, { site: 'home', camera: 'gate', day: DAY, shards, signedAt: at(DAY, '23:59') });
  await archive.write(signatureKey('home', 'gate', DAY, shards.at(-1)!.number), text);
  return identity.publicKey;
}
