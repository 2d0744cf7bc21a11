import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Sshd } from '../peers/sshd.js';
import { until } from '../peers/until.js';

const never = () => new AbortController().signal;

let dir: string;
let sshd: Sshd;
let remote: SftpRemote | undefined;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keys-'));
  sshd = await Sshd.start();
});
afterEach(async () => {
  await remote?.close();
  await sshd.stop();
  rmSync(dir, { recursive: true, force: true });
});

const open = (how: { privateKey?: string; passphrase?: string; agent?: string }) => {
  const { host, port, username, fingerprint } = sshd;
  remote = new SftpRemote({ host, port, username, hostKeys: [fingerprint], ...how });
  return remote;
};
const generate = (type: string[], passphrase: string) => {
  const file = join(dir, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', ...type, '-N', passphrase, '-f', file]);
  return { file, privateKey: readFileSync(file, 'utf8'), publicKey: readFileSync(`${file}.pub`, 'utf8') };
};

describe('a key that ssh-keygen made', () => {
  it.each([
    ['Ed25519', ['ed25519']],
    ['ECDSA', ['ecdsa', '-b', '256']],
    ['RSA', ['rsa', '-b', '3072']],
    ['RSA in PEM', ['rsa', '-b', '3072', '-m', 'PEM']],
  ])(
    'of type %s, with a passphrase, signs in; without the passphrase it is said to be unreadable',
    async (_name, type) => {
      const { privateKey, publicKey } = generate(type, 'pass phrase');
      await sshd.authorize(publicKey);
      await open({ privateKey, passphrase: 'pass phrase' }).put('k', import.meta.filename, never());
      await remote!.close();
      const locked = open({ privateKey }).put('k', import.meta.filename, never());
      await expect(locked).rejects.toMatchObject({ kind: 'permanent', code: 'key-unreadable' });
    },
  );

  it.each([
    ['Ed25519', ['ed25519']],
    ['ECDSA', ['ecdsa', '-b', '256']],
    ['RSA', ['rsa', '-b', '3072']],
  ])('of type %s signs in from an SSH agent', async (_name, type) => {
    const { file, publicKey } = generate(type, '');
    await sshd.authorize(publicKey);
    const socket = join(dir, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      await until('the agent', () => {
        try {
          execFileSync('ssh-add', ['-q', file], { env, stdio: 'ignore' });
          return true;
        } catch {
          // Not listening yet.
          return false;
        }
      });
      await open({ agent: socket }).put('k', import.meta.filename, never());
    } finally {
      agent.kill();
    }
  });

  it('is refused from an agent that does not hold it, or is not there', async () => {
    const refused = open({ agent: join(dir, 'nowhere') }).put('k', import.meta.filename, never());
    await expect(refused).rejects.toMatchObject({ kind: 'permanent', code: 'sign-in-refused' });
  });
});
