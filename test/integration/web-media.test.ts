import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ArchiveSource } from '../../src/archive-source.js';
import { Stopwatch } from '../peers/stopwatch.js';
import { deferred } from '../simulators/deferred.js';
import { at, segment } from '../simulators/entries.js';
import { openHandles } from '../simulators/open-files.js';
import { RawClient } from '../simulators/raw-client.js';
import {
  clip,
  DAY,
  empty,
  LARGE_BYTES,
  LOCAL_TOKEN,
  large,
  mediaPath,
  photo,
  WebSite,
} from '../simulators/web-site.js';

const AUTHORIZED = `Authorization: Bearer ${LOCAL_TOKEN}`;
const bytes = clip.bytes;
const soon = { timeout: 10_000, interval: 5 };

describe('playback', () => {
  let site: WebSite;
  beforeAll(async () => {
    site = await WebSite.start();
  });
  afterAll(() => site.dispose());

  const handles = (key: string) => openHandles(join(site.archive.root, key));
  const ranged = (range: string, headers: Record<string, string> = {}) =>
    site.asOwner(mediaPath(clip), { headers: { range, ...headers } });

  it('sends a whole file, and says that it never changes', async () => {
    const { status, headers, body } = await site.asOwner(mediaPath(clip));
    expect([status, body]).toEqual([200, clip.key]);
    expect(headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(bytes),
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=31536000, immutable',
      etag: expect.stringMatching(/^"[\w-]{27}"$/),
    });
    expect(headers).not.toHaveProperty('content-range');
    expect((await site.asOwner(mediaPath(photo))).headers['content-type']).toBe('image/jpeg');
  });

  it.each([
    ['bytes=0-', 0, bytes - 1],
    ['bytes=0-0', 0, 0],
    ['bytes=3-9', 3, 9],
    [`bytes=${bytes - 1}-`, bytes - 1, bytes - 1],
    ['bytes=5-999999', 5, bytes - 1],
    ['bytes=5-99999999999999999999', 5, bytes - 1],
    ['bytes=-4', bytes - 4, bytes - 1],
    ['bytes=-999999', 0, bytes - 1],
  ])('sends the range %s', async (range, start, end) => {
    const { status, headers, body } = await ranged(range);
    expect([status, body]).toEqual([206, clip.key.slice(start, end + 1)]);
    expect(headers['content-range']).toBe(`bytes ${start}-${end}/${bytes}`);
    expect(headers['content-length']).toBe(String(end - start + 1));
  });

  it.each(['bytes=0-1,3-4', 'items=0-5', 'bytes=a-b', 'bytes=', 'nonsense'])(
    'sends the whole for %s, which is no range it knows',
    async (range) => {
      expect(await ranged(range)).toMatchObject({ status: 200, body: clip.key });
    },
  );

  it.each([`bytes=${bytes}-`, 'bytes=9-3', 'bytes=-0', 'bytes=99999999999999999999-'])(
    'refuses the range %s, which holds no byte',
    async (range) => {
      const { status, headers, body } = await ranged(range);
      expect([status, headers['content-range']]).toEqual([416, `bytes */${bytes}`]);
      expect(JSON.parse(body).error.code).toBe('range-not-satisfiable');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers).not.toHaveProperty('etag');
    },
  );

  it('keeps to the range only while the file is the one it was meant for', async () => {
    const etag = String((await site.asOwner(mediaPath(clip))).headers.etag);
    expect((await ranged('bytes=3-9', { 'if-range': etag })).status).toBe(206);
    expect(await ranged('bytes=3-9', { 'if-range': '"other"' })).toMatchObject({ status: 200, body: clip.key });
    const again = await site.asOwner(mediaPath(clip), { headers: { 'if-none-match': etag } });
    expect(again).toMatchObject({ status: 304, body: '' });
    expect((await site.asOwner(mediaPath(large), { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('answers HEAD with the size and nothing else', async () => {
    const { status, headers, body } = await site.asOwner(mediaPath(large), { method: 'HEAD' });
    expect([status, headers['content-length'], body]).toEqual([200, String(LARGE_BYTES), '']);
    expect(await handles(large.key)).toBe(0);
  });

  it('sends an empty file, which has no range', async () => {
    expect(await site.asOwner(mediaPath(empty))).toMatchObject({ status: 200, body: '' });
    const head = await site.asOwner(mediaPath(empty), { method: 'HEAD' });
    expect(head.headers['content-length']).toBe('0');
    const { status, headers } = await site.asOwner(mediaPath(empty), { headers: { range: 'bytes=0-' } });
    expect([status, headers['content-range']]).toEqual([416, 'bytes */0']);
  });

  it('says clearly that there is no such file', async () => {
    const missing = segment('gate', at(DAY, '03:00'), at(DAY, '03:05'));
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await site.asOwner(mediaPath(missing), { method, headers: { range: 'bytes=-5' } });
      expect([status, headers['cache-control'], headers.etag]).toEqual([404, 'no-store', undefined]);
    }
    expect(JSON.parse((await site.asOwner(mediaPath(missing))).body).error.code).toBe('unknown-key');
  });

  it('closes the file when the viewer leaves', async () => {
    const viewers = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(site.url)));
    for (const viewer of viewers) {
      viewer.send(`GET ${mediaPath(large)} HTTP/1.1`, 'Host: localhost', AUTHORIZED);
      expect(await viewer.stall()).toContain('HTTP/1.1 200');
    }
    expect(await handles(large.key)).toBe(8);
    for (const viewer of viewers) viewer.socket.destroy();
    await vi.waitFor(async () => expect(await handles(large.key)).toBe(0), soon);
  });

  it('closes the file when the viewer left before it was open', async () => {
    const left = deferred<void>();
    const opening = deferred<void>();
    const stream = new Readable({ read: () => undefined });
    const fresh = await WebSite.start({
      archive: sourceThat(async () => {
        opening.resolve();
        await left.promise;
        return { stream, bytes: 10, range: { start: 0, end: 9 } };
      }),
    });
    const viewer = await RawClient.connect(fresh.url);
    viewer.send(`GET ${mediaPath(clip)} HTTP/1.1`, 'Host: localhost', AUTHORIZED);
    await opening.promise;
    viewer.socket.destroy();
    await viewer.rest();
    left.resolve();
    await vi.waitFor(() => expect(stream.closed).toBe(true), soon);
    await fresh.dispose();
  });

  it.each([
    ['fails', () => Readable.from(failing())],
    ['ends early', () => Readable.from([Buffer.alloc(6)])],
    ['goes on too long', () => Readable.from([Buffer.alloc(6), Buffer.alloc(6)])],
  ])('breaks the connection when the file %s: no part of it passes for the whole', async (_how, create) => {
    const streams: Readable[] = [];
    const fresh = await WebSite.start({
      archive: sourceThat(async () => {
        streams.push(create());
        return { stream: streams.at(-1)!, bytes: 10, range: { start: 0, end: 9 } };
      }),
    });
    await expect(fresh.asOwner(mediaPath(clip))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(streams.every((stream) => stream.destroyed)).toBe(true);
    await fresh.dispose();
  });

  it('never lets the next answer pass for the rest of a file', async () => {
    const fresh = await WebSite.start({
      archive: sourceThat(async () => ({
        stream: Readable.from([Buffer.alloc(6)]),
        bytes: 1_000,
        range: { start: 0, end: 999 },
      })),
    });
    const viewer = await RawClient.connect(fresh.url);
    viewer.send(`GET ${mediaPath(clip)} HTTP/1.1`, 'Host: localhost', AUTHORIZED);
    viewer.send('GET /healthz HTTP/1.1', 'Host: localhost', 'Connection: close');
    const received = await viewer.rest();
    expect(received).toContain('Content-Length: 1000');
    expect(received).not.toContain('"ok"');
    await fresh.dispose();
  });

  it('breaks the connection when a file is cut while it is sent', async () => {
    const fresh = await WebSite.start();
    const viewer = await RawClient.connect(fresh.url);
    viewer.send(`GET ${mediaPath(large)} HTTP/1.1`, 'Host: localhost', AUTHORIZED);
    await viewer.stall();
    await truncate(join(fresh.archive.root, large.key), 1_000);
    viewer.socket.resume();
    expect((await viewer.rest()).length).toBeLessThan(LARGE_BYTES);
    await fresh.dispose();
  });
});

describe('stopping', () => {
  it('takes less than two seconds whatever viewers do, and leaves nothing open', async () => {
    const asked = deferred<AbortSignal>();
    const site = await WebSite.start({
      latestPicture: (_camera, signal) => {
        asked.resolve(signal);
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
      },
    });
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(site.url)));
    const [slow, idle, half, waiting] = clients as [RawClient, RawClient, RawClient, RawClient];
    slow.send(`GET ${mediaPath(large)} HTTP/1.1`, 'Host: localhost', AUTHORIZED);
    await slow.stall();
    idle.send('GET /healthz HTTP/1.1', 'Host: localhost');
    await idle.stall();
    half.socket.write('POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{');
    waiting.send('GET /latest HTTP/1.1', 'Host: localhost', AUTHORIZED);
    const stopping = await asked.promise;
    const path = join(site.archive.root, large.key);
    expect(await openHandles(path)).toBe(1);

    const since = new Stopwatch();
    await site.stop();
    expect(since.stop()).toBeLessThan(2_000);
    expect(stopping.aborted).toBe(true);
    expect(await openHandles(path)).toBe(0);
    await expect(RawClient.connect(site.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    for (const client of clients) client.socket.destroy();
    await site.dispose();
  });

  it('lets an answer on its way be finished', async () => {
    const asked = deferred<void>();
    const answer = deferred<{ jpeg: Buffer; at: number }>();
    const site = await WebSite.start({
      latestPicture: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const reply = site.asOwner('/latest');
    await asked.promise;
    const stopped = site.stop();
    // From here on the server accepts no more, and is only waiting for us.
    await vi.waitFor(() => expect(RawClient.connect(site.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' }), soon);
    answer.resolve({ jpeg: Buffer.from('in time'), at: 0 });
    expect((await reply).body).toBe('in time');
    await stopped;
    await site.dispose();
  });
});

function sourceThat(open: ArchiveSource['open']): ArchiveSource {
  return {
    cameras: async () => ['gate'],
    days: async () => [],
    periods: async () => [],
    entries: async () => [],
    open,
  };
}

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(6);
  throw new Error('the disk broke');
}
