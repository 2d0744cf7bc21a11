import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FtpRemote } from '../../lib/remote/ftps.js';
import { HttpsRemote } from '../../lib/remote/https.js';
import type { Remote } from '../../lib/remote/remote.js';
import { S3Remote } from '../../lib/remote/s3.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Sshd } from '../peers/sshd.js';
import { Vsftpd } from '../peers/vsftpd.js';
import { Webdav } from '../peers/webdav.js';
import { createAuthority } from './certificates.js';
import { ScriptedS3Server } from './scripted-s3-server.js';

/** Run within a network namespace whose loopback is slow: puts one file to a server there, and prints what came of it. */
const [kind = '', bytes = '', stallMs = ''] = process.argv.slice(2);

async function open(stall: { stallMs: number }): Promise<{ remote: Remote; stop: () => Promise<void> }> {
  if (kind === 'sftp') {
    const sshd = await Sshd.start();
    const { host, port, username, privateKey, fingerprint } = sshd;
    const remote = new SftpRemote({ host, port, username, privateKey, hostKeys: [fingerprint], ...stall });
    return { remote, stop: () => sshd.stop() };
  }
  if (kind === 'ftps') {
    const server = await Vsftpd.start();
    const { host, port, username, password, root, ca } = server;
    return {
      remote: new FtpRemote({ host, port, username, password, root, tls: { ca }, ...stall }),
      stop: () => server.stop(),
    };
  }
  if (kind === 'https') {
    const server = await Webdav.start();
    const { url, username, password, ca } = server;
    return { remote: new HttpsRemote({ url, basic: { username, password }, ca, ...stall }), stop: () => server.stop() };
  }
  const authority = createAuthority();
  const server = await ScriptedS3Server.start({}, authority.issue('127.0.0.1'));
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const { endpoint } = server;
  return {
    remote: new S3Remote({ bucket: 'b', region: 'r', endpoint, credentials, ca: authority.ca, ...stall }),
    stop: () => server.stop(),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'slow-line-'));
const file = join(folder, 'file');
await writeFile(file, randomBytes(Number(bytes)));
const { remote, stop } = await open({ stallMs: Number(stallMs) });
const startedAt = performance.now();
const outcome = await remote.put('k', file, new AbortController().signal).then(
  ({ proven }) => ({ proven }),
  ({ code, message }) => ({ code, message }),
);
process.stdout.write(`${JSON.stringify({ ...outcome, ms: performance.now() - startedAt })}\n`);
await remote.close();
await stop();
await rm(folder, { recursive: true });
process.exit();
