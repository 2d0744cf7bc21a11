import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { SendingFile } from '../../../lib/remote/sending-file.js';
import { loadConfig } from '../../../src/config/load.js';
import { chooseFiles } from '../../../src/upload/choose.js';
import { ownPaths } from '../../../src/upload/own-files.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'choose-'));
  await mkdir(join(dir, 'a/b'), { recursive: true });
  await mkdir(join(dir, '.hidden'));
  const names = [
    'gate_20260503T120000Z_continuous.mp4',
    'notes.txt',
    'a/b/[0@0] clip.mp4',
    '.secret',
    '.hidden/x',
    'a/notes.txt',
  ];
  for (const name of names) await writeFile(join(dir, name), name);
  await symlink('/etc/passwd', join(dir, 'link'));
  execFileSync('mkfifo', [join(dir, 'a/pipe')]);
});
afterAll(() => rm(dir, { recursive: true }));

const keys = async (...paths: string[]) =>
  (
    await chooseFiles(
      paths.map((path) => join(dir, path)),
      'home',
      undefined,
    )
  ).files
    .map(({ key }) => key)
    .sort();

it('puts footage where an archive has it, everything else below the prefix as it lies in the folder', async () => {
  expect(await keys('.')).toEqual([
    'home/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4',
    'home/uploads/a/b/[0@0] clip.mp4',
    'home/uploads/a/notes.txt',
    'home/uploads/notes.txt',
  ]);
  expect(await keys('a/b/[0@0] clip.mp4', 'notes.txt')).toEqual([
    'home/uploads/[0@0] clip.mp4',
    'home/uploads/notes.txt',
  ]);
});

it('puts all of it below the prefix that was asked for, footage too: where something else has its key, that is the way out', async () => {
  const film = join(dir, 'gate_20260503T120000Z_continuous.mp4');
  const { files } = await chooseFiles([film, join(dir, 'a')], 'home', 'case/7');
  expect(files.map(({ key }) => key)).toEqual([
    'home/case/7/gate_20260503T120000Z_continuous.mp4',
    'home/case/7/b/[0@0] clip.mp4',
    'home/case/7/notes.txt',
  ]);
});

it('takes a file once that is named twice, and refuses two that would be one', async () => {
  expect(await keys('notes.txt', 'notes.txt')).toEqual(['home/uploads/notes.txt']);
  await expect(keys('notes.txt', 'a/notes.txt')).rejects.toMatchObject({ code: 'key-taken' });
});

it('says which file is missing, before anything is sent', async () => {
  await expect(keys('notes.txt', 'nothing')).rejects.toMatchObject({
    code: 'file-missing',
    message: expect.stringContaining('nothing'),
  });
  await expect(chooseFiles([join(dir, 'notes.txt')], 'home', '../up')).rejects.toMatchObject({ code: 'key-invalid' });
});

it("names what it leaves out of a folder: links, pipes, names that have no key, and a recorder's own", async () => {
  const folder = join(dir, 'a/mixed');
  await mkdir(join(folder, 'a'), { recursive: true });
  await mkdir(join(folder, 'data'));
  for (const name of [
    'good.txt',
    'a/b.txt',
    'a\\b.txt',
    'two\nlines.txt',
    '.env',
    'ledger.db-wal',
    'data/identity.pem',
  ])
    await writeFile(join(folder, name), name);
  await writeFile(join(folder, 'data/film.mp4'), 'footage');
  await symlink('good.txt', join(folder, 'link'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  try {
    const { files, leftOut } = await chooseFiles([folder], 'home', 'uploads');
    expect(files.map(({ key }) => key)).toEqual(['home/uploads/a/b.txt', 'home/uploads/good.txt']);
    expect(Object.fromEntries(leftOut.map(({ path, code }) => [path.slice(folder.length + 1), code]))).toEqual({
      ...{ '.env': 'own-file', 'ledger.db-wal': 'own-file', data: 'own-file', link: 'link', pipe: 'not-a-file' },
      ...{ 'a\\b.txt': 'key-invalid', 'two\nlines.txt': 'key-invalid' },
    });
    for (const { code, why } of leftOut) if (code === 'key-invalid') expect(why).toMatch(/; rename it$/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('leaves out what a configuration is read from and signs in with, also through a link', async () => {
  const folder = join(dir, 'a/setup');
  await mkdir(folder);
  const yaml = stringify({
    storage: { dir: 'data' },
    cameras: { gate: { streams: { main: 'rtsp://192.0.2.1/main' } } },
    remotes: {
      far: { type: 'sftp', host: 'h', username: 'u', key_file: 'key', host_key: [`SHA256:${'A'.repeat(43)}`] },
    },
  });
  await writeFile(join(folder, 'nvr-uplink.yaml'), yaml, { mode: 0o600 });
  for (const name of ['key', 'film.mp4']) await writeFile(join(folder, name), name);
  const own = ownPaths(loadConfig(join(folder, 'nvr-uplink.yaml'), {}));
  await symlink(join(folder, 'key'), join(dir, 'a/notes'));
  try {
    const { files, leftOut } = await chooseFiles([folder], 'home', 'uploads', own);
    expect(files.map(({ key }) => key)).toEqual(['home/uploads/film.mp4']);
    expect(leftOut.map(({ path, code }) => [basename(path), code])).toEqual([
      ['key', 'own-file'],
      ['nvr-uplink.yaml', 'own-file'],
    ]);
    const named = chooseFiles([join(dir, 'a/notes')], 'home', 'uploads', own);
    await expect(named).rejects.toMatchObject({ code: 'own-file' });
  } finally {
    await rm(folder, { recursive: true });
    await rm(join(dir, 'a/notes'));
  }
});

it('leaves out the files that passwords are read from, named by the configuration or by the environment', async () => {
  const folder = join(dir, 'a/setup');
  await mkdir(folder);
  const streams = { main: 'rtsp://192.0.2.1/main' };
  const read = (name: string) => `\${file:setup/${name}}`;
  const yaml = stringify({
    storage: { dir: '../data' },
    cameras: { gate: { streams, username: 'u', password: read('gate.txt') } },
    remotes: {
      far: { type: 'https', url: 'https://h/', headers: { authorization: `Bearer ${read('far-token')}` } },
      near: { type: 'ftps', host: 'h', username: 'u' },
    },
  });
  await writeFile(join(dir, 'a/nvr-uplink.yaml'), yaml, { mode: 0o600 });
  for (const name of ['gate.txt', 'far-token', 'near.txt', 'film.mp4'])
    await writeFile(join(folder, name), name, { mode: 0o600 });
  const environment = { NVR_UPLINK__REMOTES__NEAR__PASSWORD_FILE: join(folder, 'near.txt') };
  try {
    const own = ownPaths(loadConfig(join(dir, 'a/nvr-uplink.yaml'), environment));
    const { files, leftOut } = await chooseFiles([folder], 'home', 'uploads', own);
    expect(files.map(({ key }) => key)).toEqual(['home/uploads/film.mp4']);
    expect(leftOut.map(({ path, code }) => [basename(path), code])).toEqual([
      ['far-token', 'own-file'],
      ['gate.txt', 'own-file'],
      ['near.txt', 'own-file'],
    ]);
  } finally {
    await rm(folder, { recursive: true });
    await rm(join(dir, 'a/nvr-uplink.yaml'));
  }
});

it('refuses a storage folder, what is in it, and what is no regular file', async () => {
  const storage = join(dir, 'a/storage');
  await mkdir(storage);
  for (const name of ['session-secret', 'web-password', 'service.json']) await writeFile(join(storage, name), name);
  await writeFile(join(dir, 'a/identity.pem'), 'key');
  await symlink(join(dir, 'a/identity.pem'), join(dir, 'a/innocent.txt'));
  try {
    await mkdir(join(storage, 'spool/ready'), { recursive: true });
    await expect(keys('a/storage/spool/ready')).rejects.toMatchObject({
      ...{ code: 'own-file', message: expect.stringMatching(/lies in .*a\/storage, the storage folder/) },
    });
    await expect(keys('a/storage')).rejects.toMatchObject({
      ...{ code: 'own-file', hint: expect.stringContaining('The recorder sends its own footage') },
    });
    for (const name of ['a/storage/service.json', 'a/storage/web-password', 'a/identity.pem', 'a/innocent.txt'])
      await expect(keys(name), name).rejects.toMatchObject({ code: 'own-file' });
  } finally {
    await rm(storage, { recursive: true });
    for (const name of ['identity.pem', 'innocent.txt']) await rm(join(dir, 'a', name));
  }
  await expect(keys('a/pipe')).rejects.toMatchObject({
    ...{ code: 'not-a-file', message: expect.stringMatching(/pipe is not a regular file$/) },
  });
  // One that became a pipe since.
  await expect(SendingFile.open(join(dir, 'a/pipe'))).rejects.toMatchObject({ code: 'not-a-file' });
});
