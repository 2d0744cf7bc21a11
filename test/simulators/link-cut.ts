import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../lib/errors.js';
import { FtpRemote } from '../../lib/remote/ftps.js';
import type { Remote } from '../../lib/remote/remote.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { createAuthority } from './certificates.js';
import { ScriptedFtpServer } from './scripted-ftp-server.js';
import { ScriptedSftpServer } from './scripted-sftp-server.js';

/**
 * usage: unshare -rn node --import tsx link-cut.ts sftp|ftps
 *
 * In a network of its own, whose only link goes dead in the middle of a file: no reset, no reply, as with a modem that lost its
 * line. Prints what became of the upload, of one begun while the line is dead, and of one when it is back.
 */
const STALL_MS = 2_000;
const SIZE = 6_000_000;

const link = (state: 'up' | 'down') => execFileSync('ip', ['link', 'set', 'lo', state]);
const { signal } = new AbortController();

interface Told {
  ms: number;
  code: string;
}

link('up');
const dir = await mkdtemp(join(tmpdir(), 'link-cut-'));
const file = join(dir, 'file');
await writeFile(file, randomBytes(SIZE));
const { remote, stop } = process.argv[2] === 'sftp' ? await overSftp() : await overFtps();

let isCut = false;
const cutHalfway = (bytes: number) => {
  if (isCut || bytes < SIZE / 3) return;
  isCut = true;
  link('down');
};
const cut = await told(() => remote.put('a', file, signal, cutHalfway));
const dead = await told(() => remote.put('b', file, signal));
link('up');
const back = await told(() => remote.put('a', file, signal));
console.log(JSON.stringify({ isCut, cut, dead, back }));
await remote.close();
await stop();
await rm(dir, { recursive: true, force: true });

async function told(work: () => Promise<unknown>): Promise<Told> {
  const since = performance.now();
  let code = 'delivered';
  try {
    await work();
  } catch (error) {
    code = error instanceof Failure ? error.code : String(error);
  }
  return { code, ms: Math.round(performance.now() - since) };
}

async function overSftp(): Promise<{ remote: Remote; stop: () => Promise<void> }> {
  const server = await ScriptedSftpServer.start();
  const { host, port, username, password, fingerprint } = server;
  const account = { host, port, username, password, hostKeys: [fingerprint] };
  return { remote: new SftpRemote({ ...account, stallMs: STALL_MS, connectMs: STALL_MS }), stop: () => server.stop() };
}

async function overFtps(): Promise<{ remote: Remote; stop: () => Promise<void> }> {
  const authority = createAuthority();
  const server = await ScriptedFtpServer.start({}, authority.issue('127.0.0.1'));
  const { host, port, username, password } = server;
  const account = { host, port, username, password, tls: { ca: authority.ca } };
  return { remote: new FtpRemote({ ...account, stallMs: STALL_MS, connectMs: STALL_MS }), stop: () => server.stop() };
}
