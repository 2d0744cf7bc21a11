import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderRemote } from '../../lib/remote/folder.js';
import { FtpRemote } from '../../lib/remote/ftps.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import type { FtpServer } from '../peers/ftp-server.js';
import { Proftpd } from '../peers/proftpd.js';
import { Sshd } from '../peers/sshd.js';
import { Vsftpd } from '../peers/vsftpd.js';

const never = () => new AbortController().signal;

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'full-'));
});
afterEach(() => rm(work, { recursive: true, force: true }));

async function local(bytes: number): Promise<{ path: string; data: Buffer }> {
  const path = join(work, `local-${bytes}`);
  const data = randomBytes(bytes);
  await writeFile(path, data);
  return { path, data };
}

describe('a disk of 2 MB', () => {
  let disk: string;
  beforeEach(async () => {
    disk = join(work, 'disk');
    await mkdir(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'pipe' });
    } catch (cause) {
      throw new Error('This test needs the right to mount a tmpfs: run it as root, in a container with CAP_SYS_ADMIN', {
        cause,
      });
    }
  });
  afterEach(() => {
    execFileSync('umount', ['-l', disk]);
  });

  it('behind OpenSSH never takes 5 MB, and takes what fits once there is room', async () => {
    const sshd = await Sshd.start({ dir: disk });
    const { host, port, username, privateKey, fingerprint } = sshd;
    const remote = new SftpRemote({ host, port, username, privateKey, hostKeys: [fingerprint] });
    try {
      const big = await local(5_000_000);
      const small = await local(1_000_000);
      for (let attempt = 0; attempt < 3; attempt++) {
        // OpenSSH has no words for it but "Failure".
        await expect(remote.put('cam/big', big.path, never())).rejects.toMatchObject({
          kind: 'transient',
          code: 'remote-failure',
        });
      }
      await rm(join(disk, 'cam/big'));
      await remote.put('cam/small', small.path, never());
      expect((await readFile(join(disk, 'cam/small'))).equals(small.data)).toBe(true);
    } finally {
      await remote.close();
      await sshd.stop();
    }
  });

  it('as a folder says that it is full and leaves nothing behind', async () => {
    const remote = new FolderRemote({ path: disk });
    const big = await local(5_000_000);
    const small = await local(1_000_000);
    const full = { kind: 'transient', code: 'remote-full' };
    await expect(remote.put('cam/big', big.path, never())).rejects.toMatchObject(full);
    await remote.put('cam/small', small.path, never());
    expect(await readdir(join(disk, 'cam'))).toEqual(['small']);
  });
});

describe('a disk of 2 MB behind', () => {
  it.each<[string, () => Promise<FtpServer>]>([
    ['vsftpd', () => Vsftpd.start()],
    ['ProFTPD', () => Proftpd.start()],
  ])('%s never takes 5 MB, and takes what fits once there is room', async (_name, start) => {
    const server = await start();
    const { host, port, username, password, root, ca } = server;
    const remote = new FtpRemote({ host, port, username, password, root, tls: { ca } });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=777', 'tmpfs', server.dir], { stdio: 'pipe' });
    try {
      const big = await local(5_000_000);
      const small = await local(1_000_000);
      for (let attempt = 0; attempt < 3; attempt++) {
        const failure = await remote.put('cam/big', big.path, never()).catch((error) => error);
        expect(failure).toMatchObject({ name: 'Failure', kind: 'transient' });
        // vsftpd only says that it failed to write; ProFTPD gives the reason.
        expect(['remote-full', 'remote-failure', 'data-connection-failed']).toContain(failure.code);
      }
      await rm(join(server.dir, 'cam/big'));
      await remote.put('cam/small', small.path, never());
      expect((await readFile(join(server.dir, 'cam/small'))).equals(small.data)).toBe(true);
    } finally {
      await remote.close();
      await server.pause();
      execFileSync('umount', ['-l', server.dir]);
      await server.stop();
    }
  });
});

describe('a folder with symbolic links', () => {
  it('is never left through one', async () => {
    const [root, outside] = [join(work, 'root'), join(work, 'outside')];
    await mkdir(root);
    await mkdir(join(outside, 'below'), { recursive: true });
    await writeFile(join(outside, 'secret'), 'x');
    await symlink(outside, join(root, 'link'));
    await symlink(join(outside, 'secret'), join(root, 'file'));
    const remote = new FolderRemote({ path: root });
    const { path, data } = await local(10);
    for (const key of ['link/x', 'link/below/x', 'link/new/x']) {
      await expect(remote.put(key, path, never())).rejects.toMatchObject({ kind: 'permanent', code: 'outside-root' });
    }
    expect((await readdir(outside)).sort()).toEqual(['below', 'secret']);
    expect(await remote.stat('link/secret', never())).toBeUndefined();
    expect(await remote.stat('file', never())).toBeUndefined();
    for (const prefix of ['', 'link', 'link/below']) {
      for await (const { key } of remote.list(prefix, never())) expect.unreachable(key);
    }
    // A link in the file's own place is replaced, not followed.
    await remote.put('file', path, never());
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('x');
    expect((await readFile(join(root, 'file'))).equals(data)).toBe(true);
  });

  it('may itself be one, but must exist', async () => {
    await mkdir(join(work, 'real'));
    await symlink(join(work, 'real'), join(work, 'root'));
    const remote = new FolderRemote({ path: join(work, 'root') });
    const { path } = await local(10);
    await remote.put('cam/x', path, never());
    for await (const { key } of remote.list('', never())) expect(key).toBe('cam/x');
    expect(await remote.stat('cam/x', never())).toEqual({ key: 'cam/x', bytes: 10 });
    const missing = new FolderRemote({ path: join(work, 'unmounted') });
    await expect(missing.put('x', path, never())).rejects.toMatchObject({ kind: 'transient', code: 'unreachable' });
    expect(await readdir(work)).not.toContain('unmounted');
  });
});
