import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderReader } from '../../../lib/objects/folder-reader.js';
import { CHAIN_START } from '../../../src/archive/chain.js';
import { tombstone } from '../../../src/archive/erase/tombstone.js';
import { buildShards } from '../../../src/archive/listing.js';
import { loadIdentity, type ShardHead, signatureKey, signDay } from '../../../src/archive/signature.js';
import { type ExpectedIndex, nothingYet, type Verified } from '../../../src/archive/verify/findings.js';
import { type VerifyArchiveOptions, verifyArchive } from '../../../src/archive/verify/verify-archive.js';
import { at, gap, segment, sha256, snapshot } from '../../simulators/entries.js';
import { ArchiveFolder } from '../../simulators/folder-archive.js';

const DAYS = ['2026-05-03', '2026-05-04', '2026-05-05'];

/** Three days of five-minute segments in the last hour of each and the first of the next, joined by gaps; some pictures. */
function footage() {
  const entries = [];
  for (const [n, day] of DAYS.entries()) {
    const from = at(day, '23:00');
    for (let minute = 0; minute < 60; minute += 5) {
      entries.push(segment('gate', from + minute * 60_000, from + (minute + 5) * 60_000));
    }
    if (n < DAYS.length - 1) entries.push(gap('gate', from + 3_600_000, from + 24 * 3_600_000, 'unreachable'));
    entries.push(snapshot('gate', from));
  }
  return entries;
}

describe('verifyArchive', () => {
  let archive: ArchiveFolder;
  const all = footage();
  const middle = all.find((entry) => entry.type === 'segment' && entry.start === at('2026-05-04', '23:30'))!;
  const key = 'key' in middle ? middle.key : '';
  beforeEach(async () => {
    archive = await ArchiveFolder.create();
    // As a recorder does: little by little.
    for (let n = 0; n < all.length; n += 3) await archive.add(all.slice(n, n + 3));
  });
  afterEach(() => archive.dispose());

  async function verify(more: Partial<VerifyArchiveOptions> = {}): Promise<Verified> {
    const into = nothingYet();
    const options = { reader: new FolderReader(archive.root), site: 'home', depth: { checksum: false, download: 0 } };
    await verifyArchive(
      { ...options, now: Date.now() + 60_000, pendingMs: 0, signal: new AbortController().signal, ...more },
      into,
    );
    return into;
  }
  const told = async (more?: Partial<VerifyArchiveOptions>) =>
    (await verify(more)).findings.map(({ kind, key: of }) => [kind, of]);
  const path = (of: string) => join(archive.root, of);
  async function shardOf(day: string): Promise<string> {
    const folder = `home/index/gate/${day.replaceAll('-', '/')}`;
    const [first] = (await new FolderReader(archive.root).names(folder)).sort().reverse();
    return `${folder}/${first}`;
  }

  it('finds nothing wrong with an archive as it was written, and counts what it compared', async () => {
    const result = await verify({ depth: { checksum: true, download: 0 } });
    expect(result.findings).toEqual([]);
    expect(result.checked).toBe(all.filter((entry) => entry.type !== 'gap').length);
    expect(result.gaps.length).toBeGreaterThanOrEqual(2);
    expect(result.unsigned).toBe(3);
  });

  it('names an object that is gone', async () => {
    await rm(path(key));
    expect(await told()).toEqual([['missing', key]]);
  });

  it('names an object of another size', async () => {
    await writeFile(path(key), 'short');
    expect(await told()).toEqual([['truncated', key]]);
  });

  it('names an object with one other byte, when it is asked to look', async () => {
    const bytes = await readFile(path(key));
    bytes[7]! ^= 1;
    await writeFile(path(key), bytes);
    expect(await told()).toEqual([]);
    expect(await told({ depth: { checksum: true, download: 0 } })).toEqual([['altered', key]]);
    expect(await told({ depth: { checksum: false, download: 1 } })).toEqual([['altered', key]]);
    // One in two is read: those that are drawn.
    let n = 0;
    const draw = () => (n++ % 2 === 0 ? 0.1 : 0.9);
    const some = await verify({ depth: { checksum: false, download: 0.5 }, draw });
    expect(some.readBytes).toBeGreaterThan(0);
    expect(some.readBytes).toBeLessThan((await verify({ depth: { checksum: false, download: 1 } })).readBytes);
  });

  it('names what nobody has heard of, unless it is too young to be listed, or known to the recorder', async () => {
    const foreign = key.replace('_continuous', '_motion');
    await archive.write(foreign, 'x');
    expect(await told()).toEqual([['unindexed', foreign]]);
    expect(await told({ isKnown: (of) => of === foreign })).toEqual([]);
    expect(await told({ pendingMs: 120_000 })).toEqual([]);
  });

  it('misses what the recorder delivered, though the index does not list it yet', async () => {
    const late = segment('gate', at('2026-05-05', '23:59:30'), at('2026-05-05', '23:59:40'));
    const delivered = (_: string, day: string) => (day === '2026-05-05' ? [late] : []);
    expect(await told({ delivered })).toEqual([['missing', late.key]]);
    await archive.write(late.key, late.key);
    expect(await told({ delivered })).toEqual([]);
  });

  describe('of the index this recorder delivered', () => {
    /** What a ledger knows: each file of the index as it is now. */
    async function ledgerOf(): Promise<Partial<VerifyArchiveOptions>> {
      const files = new Map<string, ExpectedIndex[]>();
      for (const day of [...DAYS, '2026-05-06']) {
        const folder = `home/index/gate/${day.replaceAll('-', '/')}/`;
        const known: ExpectedIndex[] = [];
        for (const name of await new FolderReader(archive.root).names(folder)) {
          const text = await readFile(path(folder + name), 'utf8');
          const lines = text.trimEnd().split('\n');
          const shard = { first: numberIn(lines[0]), last: numberIn(lines.at(-1)), head: sha256(lines.at(-1)!) };
          known.push({ key: folder + name, bytes: Buffer.byteLength(text), sha256: sha256(text), shard });
        }
        files.set(day, known);
      }
      return {
        deliveredIndex: (_, day) => files.get(day) ?? [],
        deliveredOf: { cameras: () => ['gate'], days: () => [...files.keys()] },
        // The ledger knows all media, so that nothing of it is in no index.
        isKnown: () => true,
      };
    }
    const numberIn = (line = '') => Number(/^\{"n":(\d+)/.exec(line)?.[1]);

    it('finds nothing while it is there, and names each file of it that is gone', async () => {
      const ledger = await ledgerOf();
      expect(await told(ledger)).toEqual([]);
      await rm(path('home/index'), { recursive: true });
      const lost = DAYS.flatMap((day) => ledger.deliveredIndex!('gate', day)).map(({ key: of }) => ['missing', of]);
      expect(lost.length).toBeGreaterThan(3);
      const found = await told(ledger);
      expect(found).toEqual(expect.arrayContaining(lost));
      await rm(path('home'), { recursive: true });
      expect(await told(ledger)).toEqual(found);
    });

    it('names a shard of other bytes or another size, but not one that holds what was erased', async () => {
      const ledger = await ledgerOf();
      const shard = await shardOf('2026-05-05');
      const text = await readFile(path(shard), 'utf8');
      await writeFile(path(shard), text.replace('"source":"rtsp"', '"source":"ftsp"'));
      expect(await told(ledger)).toContainEqual(['altered', shard]);
      await writeFile(path(shard), text.slice(0, -1));
      expect(await told(ledger)).toContainEqual(['truncated', shard]);
      const lines = text.trimEnd().split('\n');
      const erased = `${[tombstone(lines[0]!), ...lines.slice(1)].join('\n')}\n`;
      await writeFile(path(shard), erased);
      const { findings } = await verify(ledger);
      expect(findings.filter(({ message }) => /what was delivered|SHA-256|bytes/.test(message))).toEqual([]);
      // Under cover of a tombstone the last line was changed.
      await writeFile(path(shard), erased.replace(/"rtsp"(?!.*"rtsp")/s, '"ftsp"'));
      expect((await verify(ledger)).findings.map(({ message }) => message)).toContainEqual(
        expect.stringContaining('not what was delivered'),
      );
    });
  });

  describe('where the index begins anew', () => {
    const ANEW = 1_795_662_098;
    const late = Array.from({ length: 6 }, (_, n) =>
      segment('gate', at('2026-05-05', '23:00') + n * 300_000, at('2026-05-05', '23:05') + n * 300_000, {
        kind: 'motion',
      }),
    );
    let shards: ReturnType<typeof buildShards>['shards'];
    const tellOf = (found: Verified) => found.findings.map(({ kind, message }) => `${kind} ${message}`);

    beforeEach(async () => {
      shards = [];
      let chain = { n: 0, prev: CHAIN_START, shard: ANEW };
      for (let n = 0; n < late.length; n += 2) {
        const built = buildShards('home', 'gate', late.slice(n, n + 2), chain);
        chain = built.chain;
        shards.push(...built.shards);
      }
      for (const { key: of, text } of shards) await archive.write(of, text);
      for (const one of late) await archive.write(one.key, one.key);
    });

    it('tells it, and finds no difference', async () => {
      const found = await verify();
      expect(found.findings).toEqual([]);
      const after = expect.stringMatching(/^home\/index\/gate\/2026\/05\/0[56]\//);
      expect(found.beginnings).toEqual([{ where: expect.any(String), camera: 'gate', key: shards[0]!.key, after }]);
      expect(found.beginnings[0]!.key).toContain(`-${ANEW + 1}.ndjson`);
    });

    it('misses a shard within either chain, and the beginning of the later', async () => {
      await rm(path(shards[1]!.key));
      expect(tellOf(await verify())).toContainEqual(
        `missing gate: shard ${ANEW + 2} of the index is missing, before ${shards[2]!.key}`,
      );
      await rm(path(shards[0]!.key));
      expect(tellOf(await verify())).toContainEqual(
        `missing gate: the beginning of the chain that ${shards[2]!.key} continues is missing`,
      );
      await archive.write(shards[0]!.key, shards[0]!.text);
      await archive.write(shards[1]!.key, shards[1]!.text);
      expect((await verify()).findings).toEqual([]);
      await rm(path(await shardOf('2026-05-04')));
      expect(tellOf(await verify()).join('\n')).toMatch(/shards? \d.* of the index (is|are) missing/);
    });

    it('lets nobody pass what follows removed shards off as a beginning', async () => {
      await rm(path(shards[0]!.key));
      const forged = shards[1]!.text.replace(/^\{"n":3,"prev":"[0-9a-f]{64}"/, `{"n":1,"prev":"${CHAIN_START}"`);
      await writeFile(path(shards[1]!.key), forged);
      // What comes after it still says which entries were before.
      expect(tellOf(await verify())).toContainEqual('missing gate: entries 2 to 3 are missing');
      // Without 64 zeros, 1 is no beginning.
      await writeFile(path(shards[1]!.key), forged.replace(CHAIN_START, 'a'.repeat(64)));
      expect(tellOf(await verify()).join('\n')).toMatch(/missing gate: .* is missing/);
    });

    it('believes the signature of each chain that wrote a day', async () => {
      const identity = await loadIdentity(join(archive.root, 'identity.pem'));
      const day = '2026-05-05';
      const sign = async (of: ShardHead[]) =>
        archive.write(
          signatureKey('home', 'gate', day, of.at(-1)!.number),
          signDay(identity, { site: 'home', camera: 'gate', day, shards: of, signedAt: at('2026-05-06') }),
        );
      const earlier: (ShardHead & { key: string })[] = [];
      for (const { key: of } of await archive.source.shards('gate', day)) {
        const number = Number(/-(\d+)\.ndjson$/.exec(of)![1]);
        if (number > ANEW) continue;
        const lines = (await readFile(path(of), 'utf8')).trimEnd().split('\n');
        const n = (line: string) => Number(/^\{"n":(\d+)/.exec(line)![1]);
        earlier.push({ key: of, number, first: n(lines[0]!), last: n(lines.at(-1)!), head: sha256(lines.at(-1)!) });
      }
      await sign(earlier);
      await sign(shards);
      const whole = await verify();
      expect([whole.findings, whole.unsigned]).toEqual([[], DAYS.length - 1]);
      // The last of the earlier chain: only its signature tells.
      await rm(path(earlier.at(-1)!.key));
      expect(tellOf(await verify())).toContainEqual(`missing gate: shard ${earlier.at(-1)!.number} is missing`);
    });
  });

  it('says how many files are too young to be judged', async () => {
    await rm(path('home/index'), { recursive: true });
    const { findings, young } = await verify({ pendingMs: 120_000 });
    expect([findings, young]).toEqual([[], all.filter((entry) => entry.type !== 'gap').length]);
    expect((await verify()).young).toBe(0);
  });

  it('names a line of the index that was changed, and a shard that was taken out', async () => {
    const shard = await shardOf('2026-05-04');
    const text = await readFile(path(shard), 'utf8');
    await writeFile(path(shard), text.replace('"source":"rtsp"', '"source":"ftsp"'));
    expect((await told()).map(([kind]) => kind)).toContain('altered');
    await rm(path(shard));
    const kinds = (await verify()).findings.map(({ kind, message }) => `${kind} ${message}`);
    expect(kinds.some((one) => /^missing .*index (is|are) missing/.test(one))).toBe(true);
    expect(kinds.some((one) => one.startsWith('unindexed'))).toBe(true);
  });

  it('notices a whole day that was taken out, media, index and all', async () => {
    await rm(path('home/index/gate/2026/05/04'), { recursive: true });
    await rm(path('home/gate/2026/05/04'), { recursive: true });
    const { findings } = await verify();
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['missing', 'unaccounted']));
    expect(findings.find(({ kind }) => kind === 'missing')!.message).toMatch(
      /shards? .* of the index (is|are) missing/,
    );
    // Whoever asks about the other days is told nothing of it.
    expect(await told({ days: ['2026-05-03'] })).toEqual([]);
  });

  it('does not miss a shard that is still on its way', async () => {
    const shard = (await shardOf('2026-05-04')).replace(/.*-0*(\d+)\.ndjson$/, '$1');
    await rm(path(await shardOf('2026-05-04')));
    const missing = async (more?: Partial<VerifyArchiveOptions>) =>
      (await verify(more)).findings.filter(({ kind, message }) => kind === 'missing' && message.includes('shard'));
    expect(await missing()).not.toEqual([]);
    expect(await missing({ pendingShards: () => new Set([Number(shard)]) })).toEqual([]);
    expect(await missing({ pendingShards: () => new Set([Number(shard) + 1]) })).not.toEqual([]);
  });

  it('says so when a camera lost its index altogether', async () => {
    await rename(path('home/index/gate'), path('home/moved-away'));
    await rm(path('home/moved-away'), { recursive: true });
    const { findings, checked } = await verify();
    expect(checked).toBe(0);
    expect(findings.length).toBe(all.filter((entry) => entry.type !== 'gap').length);
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['unindexed']));
  });

  it('names time that is neither footage, nor off, nor a gap', async () => {
    await archive.add([segment('gate', at('2026-05-06', '10:00'), at('2026-05-06', '10:05'))]);
    const { findings } = await verify();
    expect(findings).toEqual([
      expect.objectContaining({
        kind: 'unaccounted',
        message: 'gate: 2026-05-06T00:00:00.000Z to 2026-05-06T10:00:00.000Z is neither footage, nor off, nor a gap',
      }),
    ]);
  });

  it('looks at the cameras and days it is asked about', async () => {
    await rm(path(key));
    expect(await told({ cameras: ['yard'] })).toEqual([]);
    expect(await told({ days: ['2026-05-05'] })).toEqual([]);
    expect(await told({ cameras: ['gate'], days: ['2026-05-04'] })).toEqual([['missing', key]]);
  });
});
