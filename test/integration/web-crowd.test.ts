import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { LARGE_BYTES, LOCAL_TOKEN, large, mediaPath, PASSWORD, USER, WebSite } from '../simulators/web-site.js';

let site: WebSite;
let crowd: Set<Socket>;
beforeEach(async () => {
  site = await WebSite.start();
  crowd = new Set();
});
afterEach(async () => {
  for (const socket of crowd) socket.destroy();
  await site.dispose();
});

/** Opens connections that send `text` and nothing more; `anew`: whoever is thrown out comes back. */
async function gather(count: number, text: string, { anew = false, from = '127.0.0.1' } = {}): Promise<void> {
  const { port } = new URL(site.url);
  const enter = () => {
    const socket = createConnection({ host: '127.0.0.1', port: Number(port), localAddress: from });
    crowd.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => crowd.delete(socket) && anew && enter());
    socket.on('connect', () => socket.write(text)).resume();
    return socket;
  };
  const coming = Array.from({ length: count }, enter);
  await Promise.all(coming.map((socket) => once(socket, 'connect')));
}

const HALF = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n';
const BODY =
  'POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{';
const WHOLE = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

it.each([
  ['nothing', ''],
  ['half a request', HALF],
  ['half a sign-in', BODY],
  ['whole requests', WHOLE],
])('a crowd that sends %s keeps nobody out, and is no larger than may be', async (_, text) => {
  await gather(250, text);
  for (const from of ['127.0.0.1', '127.0.0.2'])
    expect((await site.asOwner('/api/v1/status', { from })).status, from).toBe(200);
  expect((await site.signIn(USER, PASSWORD, {}, '127.0.0.2')).status).toBe(204);
  await until('the others to be closed', () => crowd.size <= 200);
});

it('nor one that comes back as often as it is thrown out', async () => {
  await gather(250, HALF, { anew: true });
  for (const from of ['127.0.0.1', '127.0.0.2']) {
    for (let n = 0; n < 5; n++) expect((await site.asOwner('/api/v1/status', { from })).status, from).toBe(200);
  }
  expect((await site.signIn(USER, PASSWORD, {}, '127.0.0.2')).status).toBe(204);
});

it('takes no place from somebody who is signed in and watches', async () => {
  const { hostname, port } = new URL(site.url);
  const viewer = createConnection({ host: hostname, port: Number(port) });
  viewer.write(`GET ${mediaPath(large)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${LOCAL_TOKEN}\r\n`);
  viewer.write('Connection: close\r\n\r\n');
  await once(viewer, 'readable');
  await gather(600, HALF);
  let bytes = 0;
  for await (const chunk of viewer) bytes += (chunk as Buffer).length;
  expect(bytes).toBeGreaterThan(LARGE_BYTES);
});
