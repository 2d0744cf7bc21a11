import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderRemote } from '../../lib/remote/folder.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Sshd } from '../peers/sshd.js';
import { crc64nvme } from '../simulators/crc64nvme.js';
import { remoteContract } from './remote.js';

remoteContract(
  'folder',
  async ({ stallMs }) => {
    const path = await mkdtemp(join(tmpdir(), 'folder-'));
    const away = `${path}-away`;
    return {
      remote: new FolderRemote({ path, stallMs }),
      read: (key) => readFile(join(path, key)),
      vanish: () => rename(path, away),
      reappear: () => rename(away, path),
      stop: () => rm(path, { recursive: true, force: true }),
    };
  },
  { replaces: false },
);

const sftpOn = (sshd: Sshd, options: { root?: string; stallMs?: number } = {}) => {
  const { host, port, username, privateKey, fingerprint } = sshd;
  return new SftpRemote({ host, port, username, privateKey, hostKeys: [fingerprint], ...options });
};

remoteContract(
  'sftp on OpenSSH',
  async ({ stallMs }) => {
    const sshd = await Sshd.start();
    return {
      remote: sftpOn(sshd, { stallMs }),
      read: (key) => readFile(join(sshd.dir, key)),
      vanish: () => sshd.pause(),
      reappear: () => sshd.resume(),
      silence: () => sshd.freeze(),
      stop: () => sshd.stop(),
    };
  },
  { canFallSilent: true },
);

describe('SftpRemote root', () => {
  it.each([
    ['relative', () => 'base/deeper/', 'base/deeper'],
    ['absolute', (home: string) => join(home, 'absolute'), 'absolute'],
  ])('may be %s, and is made when missing', async (_kind, root, folder) => {
    const sshd = await Sshd.start();
    const remote = sftpOn(sshd, { root: root(sshd.dir) });
    try {
      const signal = new AbortController().signal;
      await remote.put('cam/x', import.meta.filename, signal);
      expect(await readFile(join(sshd.dir, folder, 'cam/x'))).toEqual(await readFile(import.meta.filename));
      for await (const { key } of remote.list('', signal)) expect(key).toBe('cam/x');
      expect((await remote.stat('cam/x', signal))?.key).toBe('cam/x');
    } finally {
      await remote.close();
      await sshd.stop();
    }
  });
});

describe('the independent CRC-64/NVME', () => {
  it('gives the published check value', () => {
    expect(Buffer.from(crc64nvme(Buffer.from('123456789')), 'base64').toString('hex')).toBe('ae8b14860a799888');
  });
});
