import { mkdir, mkdtemp, readdir, readFile, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  asideName,
  copyDurably,
  freeBytes,
  fsyncDirectory,
  isAsideName,
  removeAsides,
  renameDurably,
  writeFileDurably,
} from '../../lib/files.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('durable files', () => {
  it('writes whole files with the mode asked for and leaves nothing aside', async () => {
    const path = join(dir, 'secret');
    await writeFileDurably(path, 'one', 0o600);
    await writeFileDurably(path, Buffer.from('two'), 0o600);
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(['secret']);
  });

  it('keeps the old file when the new one cannot be put in its place', async () => {
    const path = join(dir, 'taken');
    await mkdir(path);
    await expect(writeFileDurably(path, 'x')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(dir)).toEqual(['taken']);
  });

  it('renames across folders of one file system', async () => {
    await mkdir(join(dir, 'ready'));
    await writeFile(join(dir, 'a'), 'bytes');
    await renameDurably(join(dir, 'a'), join(dir, 'ready', 'b'));
    expect(await readdir(dir)).toEqual(['ready']);
    expect(await readFile(join(dir, 'ready', 'b'), 'utf8')).toBe('bytes');
  });

  it('copies, and removes its attempt when the source is missing', async () => {
    await writeFile(join(dir, 'a'), 'bytes');
    await copyDurably(join(dir, 'a'), join(dir, 'b'));
    expect(await readFile(join(dir, 'b'), 'utf8')).toBe('bytes');
    await expect(copyDurably(join(dir, 'missing'), join(dir, 'c'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await readdir(dir)).sort()).toEqual(['a', 'b']);
  });

  it('says which names a crash may have left behind', () => {
    expect(isAsideName(asideName('/x/cam_20260503.mp4').slice('/x/'.length))).toBe(true);
    expect(isAsideName('cam_20260503.mp4')).toBe(false);
    expect(isAsideName('.hidden.aside')).toBe(false);
  });

  it('removes only old ones of those', async () => {
    const [old, young] = [asideName(join(dir, 'a')), asideName(join(dir, 'a'))];
    for (const path of [old, young, join(dir, 'kept')]) await writeFile(path, 'part');
    for (const path of [old, join(dir, 'kept')]) await utimes(path, 1000, 1000);
    await removeAsides(dir, 2_000_000);
    expect((await readdir(dir)).sort()).toEqual([basename(young), 'kept'].sort());
  });

  it('syncs a folder and refuses one that is missing', async () => {
    await fsyncDirectory(dir);
    await expect(fsyncDirectory(join(dir, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reports free bytes as the file system does', async () => {
    const { blocks, bsize } = await statfs(dir);
    const free = await freeBytes(dir);
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThanOrEqual(blocks * bsize);
  });
});

it('writes aside of a file whose name is as long as it may be', async () => {
  for (const name of ['x'.repeat(255), '\u{1f600}'.repeat(63)]) await writeFileDurably(join(dir, name), 'film');
  expect((await readdir(dir)).map((name) => Buffer.byteLength(name)).sort()).toEqual([252, 255]);
});
