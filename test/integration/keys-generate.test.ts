import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Sshd } from '../peers/sshd.js';
import { command } from '../simulators/command.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('keys generate', () => {
  it('makes a pair that OpenSSH takes, the secret half for its owner only, and never another in its place', async () => {
    const file = join(dir, 'key');
    const { exit, stdout } = await command(['keys', 'generate', file]);
    expect(exit).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const made = await readFile(file, 'utf8');
    const publicKey = (await readFile(`${file}.pub`, 'utf8')).trim();
    expect(stdout).toContain(publicKey);
    expect(stdout).not.toContain('PRIVATE');
    for (const place of ['`sites.NAME.keys`', 'Add SSH public key', '~/.ssh/authorized_keys'])
      expect(stdout).toContain(place);
    expect(execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim()).toBe(publicKey);
    const printed = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' });
    expect(stdout).toContain(printed.split(' ')[1]);
    expect(await command(['keys', 'generate', file])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('exists'),
    });
    await rm(`${file}.pub`);
    expect(await command(['keys', 'generate', file])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('exists'),
    });
    expect(await readFile(file, 'utf8')).toBe(made);
  });

  it('encrypts it with the passphrase of a file, and uploads sign in with it', async () => {
    const [file, secret] = [join(dir, 'key'), join(dir, 'secret')];
    await writeFile(secret, 'pass phrase\n', { mode: 0o600 });
    const { stdout } = await command(['keys', 'generate', file, '--passphrase-file', secret, '--json']);
    const { publicKey, fingerprint } = JSON.parse(stdout) as Record<string, string>;
    expect(fingerprint).toMatch(/^SHA256:/);
    expect(() => execFileSync('ssh-keygen', ['-y', '-P', '', '-f', file], { stdio: 'pipe' })).toThrow();
    const sshd = await Sshd.start();
    await sshd.authorize(publicKey!);
    const { host, port, username } = sshd;
    const privateKey = await readFile(file, 'utf8');
    const remote = new SftpRemote({
      ...{ host, port, username, privateKey, passphrase: 'pass phrase', hostKeys: [sshd.fingerprint] },
    });
    try {
      await remote.put('k', import.meta.filename, new AbortController().signal);
    } finally {
      await remote.close();
      await sshd.stop();
    }
  });

  it('goes where the configuration expects it', async () => {
    const config = join(dir, 'nvr-uplink.yaml');
    await writeFile(
      config,
      `cameras: { gate: { streams: { main: rtsp://127.0.0.1/x } } }
remotes: { far: { type: sftp, host: h, username: u, key_file: far-key, host_key: trust-on-first-use } }`,
    );
    const { stdout } = await command(['keys', 'generate', '--json', '-c', config]);
    expect(JSON.parse(stdout)).toMatchObject({ file: join(dir, 'far-key') });
    expect((await stat(join(dir, 'far-key'))).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['a passphrase file that is not there', ['--passphrase-file', '/nowhere/x'], 2],
    ['a configuration that is not there', ['-c', '/nowhere/x.yaml'], 2],
  ])('refuses %s, and makes nothing', async (_what, more, exit) => {
    const file = join(dir, 'key');
    const args = more[0] === '-c' ? more : [file, ...more];
    expect(await command(['keys', 'generate', ...args])).toMatchObject({ exit, stdout: '' });
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
