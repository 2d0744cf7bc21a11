import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '../../lib/errors.js';
import { periodsOf } from '../../src/archive/day.js';
import type { ArchiveSource } from '../../src/archive-source.js';
import { spriteLayout } from '../../src/browse/api.js';
import { at, segment } from '../simulators/entries.js';
import { clip, DAY, mediaPath, photo, WebSite } from '../simulators/web-site.js';

const foreign = segment('gate', at(DAY, '12:00'), at(DAY, '12:05'), { key: 'shop/2026-05-03/NVR_01_120000.mp4' });
const BUCKET = 'https://bucket.example';

/** Another site, whose NVR wrote names of its own, in a bucket that browsers may be sent to. */
function otherSite(): ArchiveSource {
  return {
    cameras: async () => ['gate'],
    days: async (_camera, month = '') => [DAY, '2026-06-01'].filter((day) => day.startsWith(month)),
    periods: async (_camera, year) => periodsOf([DAY, '2026-06-01'], year),
    entries: async (camera, day) => (camera === 'gate' && day === DAY ? [foreign] : []),
    open: async () => ({ stream: Readable.from([Buffer.from('bytes')]), bytes: 5, range: { start: 0, end: 4 } }),
    link: async (key) => `${BUCKET}/${key}?X-Amz-Signature=abc`,
    frozen: async () => new Map([[foreign.key, 'GLACIER']]),
  };
}

const foreseen: [key: string, seconds: number][] = [];

/** One whose films come through here, from far away. */
function farSite(): ArchiveSource {
  const { link: _none, ...far } = otherSite();
  return { ...far, foresee: (...jump) => foreseen.push(jump) };
}

describe('the pages over archives alone', () => {
  let site: WebSite;
  beforeAll(async () => {
    site = await WebSite.start({
      status: undefined,
      otherSites: new Map([
        ['shop', otherSite()],
        ['far', farSite()],
      ]),
      mediaOrigins: [BUCKET],
      sprites: async ({ key }, _signal, picture) => {
        if (picture === 99) throw new Failure('There are 30.', { kind: 'permanent', code: 'unknown-picture' });
        return Buffer.from(picture === undefined ? `sprites of ${key}` : `picture ${picture} of ${key}`);
      },
      transcode: async ({ key }, fromMs) => {
        if (fromMs > 60_000) throw new Failure('It is frozen.', { kind: 'permanent', code: 'frozen' });
        return { stream: Readable.from([Buffer.from(`film of ${key}`)]), startMs: fromMs - 500 };
      },
    });
  });
  afterAll(() => site.dispose());

  const get = async (path: string) => JSON.parse((await site.asOwner(path)).body);
  const media = `/api/v1/media/${foreign.key}`;

  it('say that no recorder is near, and what can be done', async () => {
    expect(await get('/api/v1/session')).toMatchObject({
      source: 'archive',
      sites: ['home', 'shop', 'far'],
      capabilities: { recorder: false, sprites: true, transcode: true, storage: true },
    });
    expect((await site.asOwner('/api/v1/status')).status).toBe(404);
    expect(await site.ask('/healthz')).toMatchObject({ status: 200, body: '{"ok":true}' });
  });

  it('know which days of a month have anything, of one camera or all, of each site', async () => {
    expect(await get('/api/v1/calendar?month=2026-05')).toEqual({
      month: '2026-05',
      cameras: [
        { camera: 'gate', days: [DAY] },
        { camera: 'yard', days: [DAY] },
      ],
    });
    expect(await get('/api/v1/calendar?month=2026-04&camera=gate')).toMatchObject({ cameras: [{ days: [] }] });
    expect(await get('/api/v1/calendar?month=2026-06&site=shop')).toMatchObject({
      cameras: [{ days: ['2026-06-01'] }],
    });
    for (const query of ['month=2026-13', 'month=2026-5', '', 'month=2026-05&site=../home']) {
      expect((await site.asOwner(`/api/v1/calendar?${query}`)).status, query).toBe(400);
    }
    expect((await site.asOwner('/api/v1/calendar?month=2026-05&site=nowhere')).status).toBe(404);
  });

  it('open files of other layouts only once an index has told of them, and send the browser to the bucket', async () => {
    expect((await site.asOwner(media)).status).toBe(404);
    expect((await get(`/api/v1/entries?camera=gate&day=${DAY}&site=shop`)).entries).toEqual([foreign]);
    const sent = await site.asOwner(media);
    expect([sent.status, sent.headers.location]).toEqual([302, `${BUCKET}/${foreign.key}?X-Amz-Signature=abc`]);
    expect(sent.headers['cache-control']).toBe('no-store');
    expect(sent.headers['content-security-policy']).toContain(`media-src 'self' blob: ${BUCKET};`);
    expect(await site.asOwner(`${media}?via=server`)).toMatchObject({ status: 200, body: 'bytes' });
    expect((await site.asOwner(media, { method: 'HEAD' })).status).toBe(200);
    // Where the archive has no addresses, the bytes come from here.
    expect((await site.asOwner(mediaPath(clip))).body).toBe(clip.key);
    for (const near of [`${media}x`, '/api/v1/media/shop/index/gate/x.mp4', '/api/v1/media/shop/../shop/x.mp4']) {
      expect((await site.asOwner(near)).status, near).toBe(404);
    }
  });

  it('tell an archive where a player is going to jump that opens a film, and nothing else', async () => {
    const film = 'far/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4';
    const ask = (query: string, range: string) =>
      site.asOwner(`/api/v1/media/${film}${query}`, { headers: { range: `bytes=${range}` } });
    expect((await ask('?at=12.5', '0-')).body).toBe('bytes');
    expect(foreseen).toEqual([[film, 12.5]]);
    for (const [query, range] of [
      ['', '0-'],
      ['?at=0', '0-'],
      ['?at=12.5', '2-'],
      ['?at=12.5', '0-0'],
    ] as const)
      await ask(query, range);
    expect(foreseen).toHaveLength(1);
  });

  it('tell what is frozen', async () => {
    expect(await get(`/api/v1/storage?camera=gate&day=${DAY}&site=shop`)).toEqual({
      camera: 'gate',
      day: DAY,
      frozen: [{ key: foreign.key, storage: 'GLACIER' }],
    });
    expect(await get(`/api/v1/storage?camera=gate&day=${DAY}`)).toMatchObject({ frozen: [] });
  });

  it('answer sheets of small pictures of segments, and of nothing else', async () => {
    const { status, body, headers } = await site.asOwner(`/api/v1/sprites/${clip.key}`);
    expect([status, body, headers['content-type']]).toEqual([200, `sprites of ${clip.key}`, 'image/jpeg']);
    expect(headers['cache-control']).toContain('immutable');
    const one = (picture: string) => site.asOwner(`/api/v1/sprites/${clip.key}?picture=${picture}`);
    expect((await one('7')).body).toBe(`picture 7 of ${clip.key}`);
    expect([(await one('99')).status, (await one('-1')).status]).toEqual([404, 400]);
    for (const key of [photo.key, clip.key.replace('12', '13'), 'home/notes.txt']) {
      expect((await site.asOwner(`/api/v1/sprites/${key}`)).status, key).toBe(404);
    }
    const layout = spriteLayout({ ...clip, width: 640, height: 480 });
    expect(layout).toEqual({ width: 160, height: 120, columns: 10, count: 30, stepMs: 10_000 });
    expect(spriteLayout({ start: 0, end: 7_000 })).toMatchObject({ height: 90, columns: 4, count: 4, stepMs: 2_000 });
    expect(spriteLayout({ start: 0, end: 3_600_000 })).toMatchObject({ count: 60, stepMs: 60_000 });
  });

  it('transcode a film from where it is asked to, and say where that is', async () => {
    const made = await site.asOwner(`${mediaPath(clip)}?as=h264&from=12.5`);
    expect(made).toMatchObject({ status: 200, body: `film of ${clip.key}`, headers: { 'x-starts-at': '12000' } });
    const frozen = await site.asOwner(`${mediaPath(clip)}?as=h264&from=100`);
    expect([frozen.status, JSON.parse(frozen.body).error.code]).toEqual([409, 'frozen']);
    for (const query of ['as=av1', 'as=h264&from=-1', 'as=h264&from=x', 'via=elsewhere', 'at=soon']) {
      expect((await site.asOwner(`${mediaPath(clip)}?${query}`)).status, query).toBe(400);
    }
    expect((await site.asOwner(`${mediaPath(photo)}?as=h264`)).status).toBe(404);
  });

  it('compress long replies for whoever takes that', async () => {
    const long = await site.ask(`/api/v1/entries?camera=gate&day=${DAY}`, {
      headers: { authorization: `Bearer ${site.options.localToken}` },
    });
    const response = await fetch(`${site.url}/api/v1/entries?camera=gate&day=${DAY}`, {
      headers: { authorization: `Bearer ${site.options.localToken}`, 'accept-encoding': 'gzip' },
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(long.headers).not.toHaveProperty('content-encoding');
    expect(((await response.json()) as { entries: unknown }).entries).toEqual(JSON.parse(long.body).entries);
  });
});
