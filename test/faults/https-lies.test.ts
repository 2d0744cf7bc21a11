import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpsOptions, HttpsRemote } from '../../lib/remote/https.js';
import { createAuthority, selfSigned } from '../simulators/certificates.js';

const never = () => new AbortController().signal;
const SIZE = 12_000_000;
const authority = createAuthority();
const certificate = authority.issue('127.0.0.1');

type Serve = (request: IncomingMessage, response: ServerResponse) => unknown;

let local: string;
let file: string;
let sha256: string;
let server: Server;
let serve: Serve;
let remote: HttpsRemote;
const seen: { method: string; url: string; headers: IncomingMessage['headers'] }[] = [];
const stored = new Map<string, Buffer>();

beforeEach(async () => {
  local = await mkdtemp(join(tmpdir(), 'https-'));
  file = join(local, 'file');
  const data = randomBytes(SIZE);
  sha256 = createHash('sha256').update(data).digest('base64');
  await writeFile(file, data);
  seen.length = 0;
  stored.clear();
});
afterEach(async () => {
  await remote.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(local, { recursive: true, force: true });
});

async function start(first: Serve, options: Partial<HttpsOptions> = {}, identity = certificate): Promise<void> {
  serve = first;
  server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
    seen.push({ method: request.method!, url: request.url!, headers: request.headers });
    request.on('error', () => undefined);
    serve(request, response);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/in/`;
  remote = new HttpsRemote({ url, bearer: 'token-canary', ca: authority.ca, stallMs: 800, ...options });
}

const put = () => remote.put('cam/ä b.mp4', file, never());

/** Stores what it is given, whole or cut, and shows it. */
const honest =
  ({ kept = (data: Buffer) => data, headers = {}, look = true } = {}): Serve =>
  async (request, response) => {
    if (request.method === 'HEAD') {
      const found = stored.get(request.url!);
      if (!look || !found) return response.writeHead(look ? 404 : 405).end();
      return response.writeHead(200, { 'content-length': found.length }).end();
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    stored.set(request.url!, kept(Buffer.concat(chunks)));
    return response.writeHead(201, headers).end('thank you');
  };
/** One status for whatever is put, once it was read. */
const says =
  (status: number, headers = {}): Serve =>
  (request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, headers).end());
  };

describe('an honest HTTP server', () => {
  it('gets one request with the length and the digest, and is asked for the size', async () => {
    await start(honest());
    expect(await put()).toMatchObject({ bytes: SIZE, proven: 'size', provenBy: 'stat' });
    expect(seen.map(({ method }) => method)).toEqual(['PUT', 'HEAD']);
    expect(seen[0]!.url).toBe('/in/cam/%C3%A4%20b.mp4');
    expect(seen[0]!.headers).toMatchObject({
      authorization: 'Bearer token-canary',
      'content-length': String(SIZE),
      'content-type': 'video/mp4',
      'content-digest': `sha-256=:${sha256}:`,
      'repr-digest': `sha-256=:${sha256}:`,
    });
    expect(seen[0]!.headers['transfer-encoding']).toBeUndefined();
  });

  it('that names the digest of what it stored has proven it', async () => {
    await start(honest({ headers: { 'repr-digest': `sha-256=:${sha256}:` } }));
    expect(await put()).toMatchObject({ proven: 'checksum', provenBy: 'reply' });
  });

  it('that shows nothing is taken at its word, and the receipt says so', async () => {
    await start(honest({ look: false }), {
      method: 'POST',
      basic: { username: 'u', password: 'p' },
      bearer: undefined,
    });
    expect(await put()).toMatchObject({ proven: 'accepted', provenBy: 'reply' });
    expect(seen[0]).toMatchObject({ method: 'POST', headers: { authorization: `Basic ${btoa('u:p')}` } });
    await expect(remote.stat('k', never())).rejects.toMatchObject({ code: 'permission-denied' });
  });

  it('may have the key anywhere in its address', async () => {
    await start(honest());
    const { port } = server.address() as AddressInfo;
    const elsewhere = new HttpsRemote({
      url: `https://127.0.0.1:${port}/up?name={key}&t=secret-canary`,
      ca: authority.ca,
    });
    await elsewhere.put('a/$&.mp4', file, never());
    expect(seen[0]!.url).toBe('/up?name=a/%24%26.mp4&t=secret-canary');
    expect(elsewhere.name).not.toContain('canary');
    await elsewhere.close();
  });
});

describe('a lying or broken HTTP server', () => {
  const lies: [string, Serve, Record<string, unknown>][] = [
    ['keeps half', honest({ kept: (data) => data.subarray(SIZE / 2) }), { kind: 'transient', code: 'size-mismatch' }],
    ['names another digest', honest({ headers: { 'repr-digest': 'sha-256=:AAAA:' } }), { code: 'checksum-mismatch' }],
    ['wants another sign-in', says(401), { kind: 'permanent', code: 'sign-in-refused' }],
    ['denies', says(403), { kind: 'permanent', code: 'permission-denied' }],
    ['knows no such address', says(404), { kind: 'permanent', code: 'wrong-address' }],
    ['takes no uploads', says(405), { kind: 'permanent', code: 'not-supported' }],
    ['wants smaller files', says(413), { kind: 'transient', code: 'remote-failure' }],
    ['is full', says(507), { kind: 'transient', code: 'remote-full' }],
    ['is busy', says(503), { kind: 'transient', code: 'remote-busy' }],
    ['breaks', says(500), { kind: 'transient', code: 'remote-failure' }],
    ['sends elsewhere', says(307, { location: '/elsewhere?t=x' }), { kind: 'permanent', code: 'wrong-address' }],
    [
      'says 201 before it has read anything',
      (_request, response) => response.writeHead(201).end(),
      { kind: 'transient', code: 'remote-failure' },
    ],
    ['never answers', (request) => request.resume(), { kind: 'transient', code: 'stalled' }],
    ['reads nothing', () => undefined, { kind: 'transient', code: 'stalled' }],
    ['resets', (request) => request.socket.destroy(), { kind: 'transient', code: 'connection-lost' }],
    [
      'resets in the middle',
      (request) => request.once('data', () => request.socket.destroy()),
      { kind: 'transient', code: 'connection-lost' },
    ],
  ];

  it.each(lies)('that %s is never believed', async (_what, lying, failure) => {
    await start(lying);
    const outcome = await put().then(
      (receipt) => ({ receipt }),
      (error) => error,
    );
    expect(outcome).toMatchObject({ name: 'Failure', ...failure });
    expect(outcome.hint).toMatch(/^[A-Z].*[.?]$/);
    expect([outcome.message, outcome.hint, outcome.stack].join()).not.toContain('canary');
    // Nothing was deleted, and nobody else was told the token.
    expect(seen.filter(({ method }) => method === 'DELETE')).toEqual([]);
    expect(seen.filter(({ url }) => url.startsWith('/elsewhere'))).toEqual([]);
    serve = honest();
    expect(await put()).toMatchObject({ bytes: SIZE, proven: 'size' });
  });

  it('that says 201 and stores nothing is found out, once it has ever shown anything', async () => {
    await start(honest());
    await put();
    serve = (request, response) => (request.method === 'HEAD' ? says(404) : says(201))(request, response);
    await expect(put()).rejects.toMatchObject({ kind: 'transient', code: 'not-stored' });
  });

  it('with a certificate that is not trusted is told nothing', async () => {
    await start(honest(), {}, selfSigned('127.0.0.1'));
    await expect(put()).rejects.toMatchObject({ kind: 'permanent', code: 'certificate-refused' });
    expect(seen).toEqual([]);
  });
});
