import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { HttpsRemote } from '../../lib/remote/https.js';
import { reachTls } from '../../lib/remote/reach.js';
import { S3Remote } from '../../lib/remote/s3.js';
import { postWebhook } from '../../lib/webhook.js';

const never = () => new AbortController().signal;

let dir: string;
let server: Server;
let [greeting, answer] = ['', ''];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'no-tls-'));
  writeFileSync(join(dir, 'film'), 'film');
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (greeting) socket.write(greeting);
    socket.on('data', () => socket.end(answer));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

/** Everything here that speaks TLS from the first byte. */
const TRIES: Record<string, (port: number) => Promise<unknown>> = {
  https: (port) => new HttpsRemote({ url: `https://127.0.0.1:${port}/` }).put('a.mp4', join(dir, 'film'), never()),
  s3: (port) => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
    const endpoint = `https://127.0.0.1:${port}`;
    return new S3Remote({ bucket: 'b', region: 'r', endpoint, credentials }).put('a.mp4', join(dir, 'film'), never());
  },
  'upload test': (port) => reachTls('there', { host: '127.0.0.1', port }, undefined, systemClock, 5_000),
  webhook: (port) => postWebhook({ url: `https://127.0.0.1:${port}/` }, 'text/plain', 'news', never()),
};

const SERVICES = [
  ['HTTP', '', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['FTP', '220 Welcome\r\n', '500 What?\r\n'],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', ''],
] as const;

it.each(SERVICES.flatMap(([service, ...says]) => Object.keys(TRIES).map((what) => [what, service, ...says] as const)))(
  '%s says in words that a port speaks %s, and no TLS',
  async (what, _service, ...says) => {
    [greeting, answer] = says;
    const outcome = TRIES[what]!((server.address() as AddressInfo).port);
    await expect(outcome).rejects.toMatchObject({
      ...{ kind: 'permanent', code: 'no-tls' },
      message: expect.stringMatching(/^\S+ answers in the clear where TLS was due$/),
      hint: expect.stringContaining('Check host and port'),
    });
  },
);
