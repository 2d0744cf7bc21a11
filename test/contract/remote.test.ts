import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderRemote } from '../../lib/remote/folder.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Sshd } from '../peers/sshd.js';
import { crc64nvme } from '../simulators/crc64nvme.js';
import { remoteContract } from './remote.js';

remoteContract('folder', async ({ stallMs }) => {
  const path = await mkdtemp(join(tmpdir(), 'folder-'));
  const away = `${path}-away`;
  return {
    remote: new FolderRemote({ path, stallMs }),
    read: (key) => readFile(join(path, key)),
    vanish: () => rename(path, away),
    reappear: () => rename(away, path),
    stop: () => rm(path, { recursive: true, force: true }),
  };
});

for (const root of ['', 'base/deeper', 'absolute']) {
  remoteContract(`sftp on OpenSSH, root ${root || 'at the login folder'}`, async ({ stallMs }) => {
    const sshd = await Sshd.start();
    const { host, port, username, privateKey, fingerprint, dir } = sshd;
    const base = root === 'absolute' ? join(dir, 'absolute') : root;
    const remote = new SftpRemote({ host, port, username, privateKey, hostKeys: [fingerprint], root: base, stallMs });
    return {
      remote,
      read: (key) => readFile(join(dir, root, key)),
      vanish: () => sshd.pause(),
      reappear: () => sshd.resume(),
      silence: () => sshd.freeze(),
      stop: () => sshd.stop(),
    };
  });
}

describe('the independent CRC-64/NVME', () => {
  it('gives the published check value', () => {
    expect(Buffer.from(crc64nvme(Buffer.from('123456789')), 'base64').toString('hex')).toBe('ae8b14860a799888');
  });
});
