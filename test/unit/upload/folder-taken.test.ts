import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderRemote } from '../../../lib/remote/folder.js';
import type { FileRow } from '../../../src/ledger/files.js';
import { send } from '../../../src/upload/send.js';
import { sha256 } from '../../simulators/entries.js';
import { newFile } from '../../simulators/storage.js';

const signal = new AbortController().signal;
const KEY = 'home/gate/film.mp4';

let dir: string;
let nas: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'taken-'));
  nas = join(dir, 'nas');
  mkdirSync(nas);
});
afterEach(() => rmSync(dir, { recursive: true }));

function film(content: string): string {
  const path = join(dir, sha256(content));
  writeFileSync(path, content);
  return path;
}

/** What another recorder of the same site would call its own file of that moment. */
const deliver = (content: string, first: boolean, more: Partial<FileRow> = {}) => {
  const row = {
    ...newFile(0, { bytes: content.length, sha256: sha256(content) }),
    id: 1,
    key: KEY,
    ...more,
  } as FileRow;
  return send(new FolderRemote({ path: nas }), row, film(content), { first }, signal);
};
const stored = () => readFileSync(join(nas, KEY), 'utf8');

describe('two recorders of one site with one folder', () => {
  it.each([true, false])('never overwrite one another, with as many bytes (no put begun before: %s)', async (first) => {
    await deliver('one film', true);
    expect(await deliver('another ', first)).toBe('taken');
    expect(await deliver('a longer film', first)).toBe('taken');
    expect(stored()).toBe('one film');
    expect(readdirSync(join(nas, 'home/gate'))).toEqual(['film.mp4']);
  });

  it('at the same moment: one is stored, and the others learn that the key is taken', async () => {
    const films = ['film 1', 'film 2', 'film 33', 'film 4'];
    const results = await Promise.all(films.map((content) => deliver(content, true)));
    const won = films.filter((_, n) => results[n] !== 'taken');
    expect(won).toEqual([stored()]);
    // Whoever tries again, because it had begun, is told the same.
    for (const content of films) expect((await deliver(content, false)) === 'taken').toBe(content !== won[0]);
    expect(stored()).toBe(won[0]);
  });

  it('are told of by the shards of their index, which have one place only', async () => {
    await deliver('shard 1', true, { kind: 'index' });
    await expect(deliver('shard 2', true, { kind: 'index' })).rejects.toMatchObject({
      ...{ code: 'key-taken', kind: 'permanent' },
      hint: expect.stringContaining('a `site` of its own'),
    });
    expect(stored()).toBe('shard 1');
  });

  it('and what is the very same is delivered: an earlier upload of our own', async () => {
    await deliver('one film', true);
    expect(await deliver('one film', true)).toMatchObject({ key: KEY, proven: 'size' });
    expect(readdirSync(join(nas, 'home/gate'))).toEqual(['film.mp4']);
  });
});

it('a folder replaces what was found to be damaged, when told so', async () => {
  await deliver('dam@ged!', true);
  const remote = new FolderRemote({ path: nas });
  await remote.put(KEY, film('as it was'), signal, undefined, undefined, true);
  expect(stored()).toBe('as it was');
});
