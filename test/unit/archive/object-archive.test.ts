import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ShardCache } from '../../../src/archive/shard-cache.js';
import type { Entry } from '../../../src/segment.js';
import { at, gap, segment } from '../../simulators/entries.js';
import { ArchiveFolder } from '../../simulators/folder-archive.js';

const DAY = '2026-05-03';
const noon = segment('gate', at(DAY, '12:00'), at(DAY, '12:05'));
const shardKey = 'home/index/gate/2026/05/03/12-000001.ndjson';

describe('ObjectArchive on a folder', () => {
  let archive: ArchiveFolder;
  let outside: string;
  beforeEach(async () => {
    archive = await ArchiveFolder.create();
    outside = await mkdtemp(join(tmpdir(), 'outside-'));
  });
  afterEach(async () => {
    await archive.dispose();
    await rm(outside, { recursive: true, force: true });
  });

  it('never follows a link out of the archive: neither to a file, nor through a folder, nor to an index', async () => {
    await archive.add([noon]);
    const folder = join(archive.root, 'home/gate/2026/05/03');
    await writeFile(join(outside, 'secret.mp4'), 'secret');
    await symlink(join(outside, 'secret.mp4'), join(folder, 'link.mp4'));
    await symlink(outside, join(folder, 'linked'));
    expect(await archive.source.open('home/gate/2026/05/03/link.mp4')).toBeUndefined();
    expect(await archive.source.open('home/gate/2026/05/03/linked/secret.mp4')).toBeUndefined();

    await rename(join(archive.root, 'home/index/gate'), join(outside, 'gate'));
    await symlink(join(outside, 'gate'), join(archive.root, 'home/index/gate'));
    expect(await archive.source.days('gate')).toEqual([]);
    expect(await archive.source.entries('gate', DAY)).toEqual([]);
  });

  it('may itself be reached through a link', async () => {
    await archive.add([noon]);
    await symlink(archive.root, join(outside, 'archive'));
    await symlink('gate_20260503T120000Z_continuous.mp4', join(archive.root, 'home/gate/2026/05/03/same.mp4'));
    const opened = await archive.source.open('home/gate/2026/05/03/same.mp4');
    expect(opened?.bytes).toBe(noon.bytes);
    opened?.stream.destroy();
  });

  it('opens neither pipes, nor folders, nor files still being written, nor what belongs to another site', async () => {
    await archive.add([noon]);
    execFileSync('mkfifo', [join(archive.root, 'home/gate/2026/05/03/pipe.mp4')]);
    await archive.write('home/gate/2026/05/03/.x.mp4.0123456789ab.aside', 'half');
    await archive.write('shop/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4', 'not ours');
    for (const name of ['pipe.mp4', '', '.x.mp4.0123456789ab.aside']) {
      expect(await archive.source.open(`home/gate/2026/05/03/${name}`)).toBeUndefined();
    }
    expect(await archive.source.open('shop/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4')).toBeUndefined();
  });

  it('tells what moved of a file that was listed again without it, after the ledger was lost', async () => {
    const motion = [{ start: noon.start, end: noon.start + 4_000, kind: 'person', source: 'onvif' }];
    await archive.add([{ ...noon, motion }]);
    await archive.add([{ ...noon, source: 'adopted' }]);
    expect(await archive.source.entries('gate', DAY)).toEqual([{ ...noon, motion, uploaded: true }]);
  });

  it.each([
    ['later', (lines: Entry[]) => lines],
    ['earlier', (lines: Entry[]) => lines.reverse()],
  ])(
    'takes what was recorded for what is there, not what was found after the ledger was lost, listed %s',
    async (_, by) => {
      const adopted = { ...noon, sha256: 'f'.repeat(64), source: 'adopted' };
      for (const line of by([noon, adopted])) await archive.add([line]);
      expect(await archive.source.entries('gate', DAY)).toEqual([{ ...noon, uploaded: true }]);
      const again = { ...noon, sha256: 'e'.repeat(64) };
      await archive.add([again]);
      expect(await archive.source.entries('gate', DAY)).toEqual([{ ...again, uploaded: true }]);
    },
  );

  it('opens an empty file', async () => {
    await archive.write('home/gate/empty.mp4', '');
    const opened = await archive.source.open('home/gate/empty.mp4');
    expect(opened).toMatchObject({ bytes: 0, range: { start: 0, end: -1 } });
    expect(await opened!.stream.toArray()).toEqual([]);
    await expect(archive.source.open('home/gate/empty.mp4', { start: 0 })).rejects.toMatchObject({
      code: 'range-not-satisfiable',
    });
  });

  it('reads a shard again after the transfer that was cut off is repeated', async () => {
    const later = segment('gate', at(DAY, '12:05'), at(DAY, '12:10'));
    await archive.add([noon, later]);
    const whole = await archive.source.entries('gate', DAY);
    expect(whole).toHaveLength(2);
    const path = join(archive.root, shardKey);
    const text = execFileSync('cat', [path], { encoding: 'utf8' });
    await truncate(path, text.length - 10);
    expect(await archive.source.entries('gate', DAY)).toEqual([whole[0]]);
    expect(archive.problems).toEqual([{ shard: shardKey, line: 2, message: 'not JSON' }]);
    await writeFile(path, text);
    expect(await archive.source.entries('gate', DAY)).toEqual(whole);
  });

  it('reads each shard once while it does not change', async () => {
    await archive.add([noon]);
    await archive.write('home/index/gate/2026/05/03/13-000002.ndjson', 'rubbish\n');
    for (let round = 0; round < 3; round++) expect(await archive.source.entries('gate', DAY)).toHaveLength(1);
    expect(archive.problems).toHaveLength(1);
  });

  it('passes over what is no shard, and says when one belongs to another camera or is no shard at all', async () => {
    await archive.add([noon]);
    const text = execFileSync('cat', [join(archive.root, shardKey)], { encoding: 'utf8' });
    const folder = 'home/index/gate/2026/05/03';
    for (const name of [
      '24-000001.ndjson',
      '12-1.ndjson',
      '12-000003.json',
      'signature-000001.json',
      '.12-000009.ndjson',
    ]) {
      await archive.write(`${folder}/${name}`, 'rubbish');
    }
    await mkdir(join(archive.root, folder, '12-000004.ndjson'));
    await archive.write('home/index/yard/2026/05/03/12-000001.ndjson', text);
    await archive.write('home/index/yard/2026/05/03/12-000002.ndjson', '');
    await truncate(join(archive.root, 'home/index/yard/2026/05/03/12-000002.ndjson'), 64_000_001);
    expect(await archive.source.entries('gate', DAY)).toHaveLength(1);
    expect(archive.problems).toEqual([]);
    expect(await archive.source.entries('yard', DAY)).toEqual([]);
    expect(archive.problems.map((one) => one.message).sort()).toEqual([
      '1 of its entries belong to another camera',
      'too large to be an index shard',
    ]);
  });

  it('shows an entry only on days it touches, whichever folder its shard is in', async () => {
    await archive.add([noon]);
    const text = execFileSync('cat', [join(archive.root, shardKey)], { encoding: 'utf8' });
    await archive.write('home/index/gate/2026/05/04/12-000001.ndjson', text);
    expect(await archive.source.entries('gate', '2026-05-04')).toEqual([]);
  });

  it('lets footage found afterwards win over a gap that is already listed', async () => {
    await archive.add([gap('gate', at(DAY, '12:00'), at(DAY, '12:30'))]);
    await archive.add([noon, gap('gate', at(DAY, '12:05'), at(DAY, '12:30'))]);
    expect(await archive.source.entries('gate', DAY)).toEqual([
      { ...noon, uploaded: true },
      gap('gate', at(DAY, '12:05'), at(DAY, '12:30')),
    ]);
  });

  it('lists only days that exist and cameras that can be', async () => {
    await archive.add([noon]);
    for (const path of ['gate/2026/13/01', 'gate/2026/02/30', 'gate/x/05/03', 'Not a camera/2026/05/03']) {
      await archive.write(`home/index/${path}/00-000001.ndjson`, '');
    }
    expect(await archive.source.days('gate')).toEqual([DAY]);
    expect(await archive.source.cameras()).toEqual(['gate']);
  });
});

describe('ShardCache', () => {
  it('forgets the least recently used beyond its bound', () => {
    const cache = new ShardCache(4);
    const two = [noon, noon];
    cache.set('a', '1', two);
    cache.set('b', '1', two);
    expect(cache.get('a', '1')).toBe(two);
    cache.set('c', '1', two);
    expect([cache.get('a', '1'), cache.get('b', '1'), cache.get('c', '1')]).toEqual([two, undefined, two]);
    expect(cache.get('a', '2')).toBeUndefined();
    cache.set('a', '2', [noon]);
    expect(cache.entries).toBe(3);
    cache.set('huge', '1', [noon, noon, noon, noon, noon]);
    expect(cache.entries).toBe(0);
  });
});
