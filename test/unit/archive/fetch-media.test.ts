import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderReader } from '../../../lib/objects/folder-reader.js';
import { fetchMedia } from '../../../src/archive/fetch-media.js';
import { sha256 } from '../../simulators/entries.js';

let dir: string;
let here: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fetch-'));
  here = join(dir, 'here');
  path = join(here, 'yard.mp4');
  mkdirSync(join(dir, 'archive/home'), { recursive: true });
  mkdirSync(here);
  writeFileSync(join(dir, 'archive/home/yard.mp4'), 'film');
});
afterEach(() => rmSync(dir, { recursive: true }));

const fetch = (hash: string | undefined) => {
  const reader = new FolderReader(join(dir, 'archive'));
  const wanted = { key: 'home/yard.mp4', bytes: 4, sha256: hash };
  return fetchMedia(reader, wanted, path, () => undefined, new AbortController().signal);
};

describe.each([
  ['with the hash of an index', sha256('film')],
  ['that is in no index', undefined],
])('a file fetched %s', (_, hash) => {
  it('is there, and is not fetched twice', async () => {
    expect(await fetch(hash)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('film');
    expect(await fetch(hash)).toBe(false);
    expect(readdirSync(here)).toEqual(['yard.mp4']);
  });

  it.each([
    ['of the same size', 'mine'],
    ['of another size', 'my own film'],
    ['that is empty', ''],
  ])('never takes the place of another file %s', async (_what, content) => {
    writeFileSync(path, content);
    const refused = { code: 'file-exists', kind: 'permanent', hint: expect.stringContaining('--output') };
    await expect(fetch(hash)).rejects.toMatchObject(refused);
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(readdirSync(here)).toEqual(['yard.mp4']);
  });

  it('never follows a link in its place', async () => {
    symlinkSync(join(dir, 'outside'), path);
    await expect(fetch(hash)).rejects.toMatchObject({ code: 'file-exists' });
    expect(readdirSync(dir)).not.toContain('outside');
  });
});
