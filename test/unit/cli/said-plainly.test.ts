import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderFailure } from '../../../lib/remote/folder-failures.js';
import { requestFailure } from '../../../lib/remote/sftp-failures.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { createSpool, spoolLayout } from '../../../src/spool/layout.js';
import { makeStorage } from '../../../src/spool/make-storage.js';
import { command } from '../../simulators/command.js';
import { segment, sha256 } from '../../simulators/entries.js';
import { ArchiveFolder } from '../../simulators/folder-archive.js';
import { NOON, newFile } from '../../simulators/storage.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'plainly-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const CAMERA = 'cameras: { gate: { streams: { main: rtsp://10.0.0.5/stream1 } } }\n';

async function validate(text: string) {
  writeFileSync(join(dir, 'c.yaml'), text);
  return command(['config', 'validate', '-c', join(dir, 'c.yaml')]);
}

describe('config validate', () => {
  it.each([
    [
      'remotes: { nas: { type: folder } }',
      'remotes.nas.path (line 2): missing: write the path of a folder that exists',
    ],
    [
      'remotes: { off: { type: sftp, host: "h:22", username: u, password: p, host_key: trust-on-first-use } }',
      'remotes.off.host (line 2): "h:22" – write the port apart from it, as `port: 22`',
    ],
  ])('says what is wrong with %s', async (line, said) => {
    const { exit, stderr } = await validate(`${CAMERA}${line}\n`);
    expect(exit).toBe(2);
    expect(stderr).toContain('has a fault');
    expect(stderr).toContain(said);
  });

  it.each([
    ['remotes: { off: { password: \u0024{X} } }', '(file) (line 2): put the text with '],
    ['site: home: away', '(file) (line 2): Nested mappings are not allowed in compact mappings\n'],
  ])('says what is no YAML once, without a tail: %s', async (line, said) => {
    const { stderr } = await validate(`${CAMERA}${line}\n`);
    expect(stderr).toContain('has a fault:');
    expect(stderr).toContain(said);
  });

  it('warns of files and folders that are not there, and of one camera under two names', async () => {
    const { exit, stdout } = await validate(`cameras:
  gate: { address: 10.0.0.5 }
  yard: { address: 10.0.0.5 }
  one: { address: 10.0.0.6, channel: 1 }
  two: { address: 10.0.0.6, channel: 2 }
remotes:
  nas: { type: folder, path: ./nas }
  off: { type: sftp, host: h, username: u, key_file: ./key, host_key: trust-on-first-use }
`);
    expect(exit).toBe(0);
    const warnings = stdout.split('\n').filter((line) => line.includes('!'));
    expect(warnings).toEqual([
      expect.stringMatching(/remotes\.nas\.path: ".*\/nas" – there is no such folder on this machine/),
      expect.stringMatching(/remotes\.off\.key_file: ".*\/key" – there is no such file.*keys generate/),
      expect.stringMatching(/cameras\.yard\.address: "10\.0\.0\.5" – gate has the same address/),
    ]);
  });
});

it('a storage folder that cannot be used is named, with what to do', async () => {
  writeFileSync(join(dir, 'file'), '');
  await expect(makeStorage(join(dir, 'file'))).rejects.toMatchObject({
    ...{
      code: 'storage-unusable',
      message: `storage.dir: ${join(dir, 'file')} cannot be used: there is a file of that name`,
    },
    hint: expect.stringContaining('Move that file away'),
  });
  await expect(makeStorage(join(dir, 'file/below'))).rejects.toMatchObject({ code: 'storage-unusable' });
});

it('a token before the first start says what makes its folder', async () => {
  writeFileSync(join(dir, 'c.yaml'), `${CAMERA}storage: { dir: ./data }\n`);
  const { exit, stderr } = await command(['token', 'create', 'door', '-c', join(dir, 'c.yaml')]);
  expect(exit).toBe(2);
  expect(stderr).toContain(`There is no ${join(dir, 'data')} yet (storage.dir)`);
  expect(stderr).toContain('→ The first start makes it: nvr-uplink run');
});

it('a remote says of a root that is not there, and of a name too long, what to do', () => {
  const gone = requestFailure('sftp://u@h', 'make x', Object.assign(new Error('No such file'), { code: 2 }));
  expect(gone.hint).toContain('correct `root` of this remote');
  const long = folderFailure('folder', 'put', Object.assign(new Error('ENAMETOOLONG'), { code: 'ENAMETOOLONG' }));
  expect(long).toMatchObject({ kind: 'permanent', hint: expect.stringContaining('shorten the name') });
});

it('get counts what it has, and says what was expected of what it has not', async () => {
  const archive = await ArchiveFolder.create();
  try {
    const film = segment('gate', NOON, NOON + 2_000);
    await archive.add([{ ...film, bytes: 4, sha256: sha256(Buffer.from('film')) }]);
    await writeFile(join(archive.root, film.key), 'milf');
    const { exit, stdout } = await command(['get', film.key, '--folder', archive.root, '-o', join(dir, 'out')]);
    expect(exit).toBe(1);
    expect(stdout).toContain('0 files, 0 B');
    const json = await command(['get', film.key, '--folder', archive.root, '-o', join(dir, 'out'), '--json']);
    expect(JSON.parse(json.stdout).message).toContain(`not ${sha256(Buffer.from('film'))}`);
  } finally {
    await archive.dispose();
  }
});

it('upload says which words --remote took for its own', async () => {
  const { exit, stderr } = await command(['upload', '--remote', 'nas', 'film.mp4']);
  expect(exit).toBe(2);
  expect(stderr).toContain('No file is named: --remote took nas, film.mp4 for names of remotes');
  expect(stderr).toContain('→ Write: nvr-uplink upload --remote nas -- film.mp4');
});

it('status gives a long reason once', async () => {
  writeFileSync(
    join(dir, 'c.yaml'),
    `${CAMERA}storage: { dir: ./data }\nremotes: { nas: { type: folder, path: ./nas } }\n`,
  );
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  const id = ledger.files.begin(newFile(NOON));
  ledger.files.setState(id, 'ready');
  ledger.deliveries.add(id, ['nas']);
  const reason = `the disk is not there: ${'so it is. '.repeat(12).trim()}`;
  ledger.deliveries.postponed(id, 'nas', NOON, reason);
  ledger.close();
  const { stdout } = await command(['status', '-c', join(dir, 'c.yaml')]);
  expect(stdout.split(reason)).toHaveLength(2);
  expect(stdout).toContain(`! Uploads to nas fail: ${reason}`);
});
