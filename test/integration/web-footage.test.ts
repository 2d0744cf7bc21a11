import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { at, segment, snapshot } from '../simulators/entries.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { clip, DAY, mediaPath, photo, WebSite } from '../simulators/web-site.js';

describe('what the API tells of the footage', () => {
  let site: WebSite;
  beforeAll(async () => {
    site = await WebSite.start();
  });
  afterAll(() => site.dispose());

  const get = async (path: string) => JSON.parse((await site.asOwner(path)).body);

  it('lists cameras, their days, and what each day holds', async () => {
    expect(await get('/api/v1/cameras')).toEqual({ cameras: ['gate', 'yard'] });
    expect(await get('/api/v1/days?camera=gate')).toEqual({ camera: 'gate', days: [DAY] });
    const { entries, now, ...rest } = await get(`/api/v1/entries?camera=gate&day=${DAY}`);
    expect(rest).toEqual({ camera: 'gate', day: DAY });
    expect(Math.abs(now - site.options.clock.now())).toBeLessThan(60_000);
    expect(entries).toHaveLength(4);
    expect(entries[0]).toEqual({ ...clip, uploaded: true });
    expect(await get(`/api/v1/entries?camera=gate&day=2020-02-29`)).toMatchObject({ entries: [] });
  });

  it('tells the nearest days from one on or back, of one camera or all', async () => {
    const nearest = async (query: string) => (await get(`/api/v1/days/nearest?${query}`)).days;
    const all = [{ day: DAY, cameras: ['gate', 'yard'] }];
    expect(await nearest('')).toEqual(all);
    expect(await nearest(`to=${DAY}`)).toEqual(all);
    expect(await nearest(`from=${DAY}&camera=yard`)).toEqual([{ day: DAY, cameras: ['yard'] }]);
    expect(await nearest('to=2026-05-02')).toEqual([]);
    expect(await nearest('from=2026-05-04&camera=gate')).toEqual([]);
  });

  it('lists photos of one camera or all, newest first, with addresses that work', async () => {
    const { photos } = await get('/api/v1/photos');
    expect(photos.map((one: { camera: string }) => one.camera)).toEqual(['gate', 'yard']);
    expect(photos[0]).toEqual({ camera: 'gate', at: photo.start, url: mediaPath(photo) });
    expect((await site.asOwner(photos[0].url)).body).toBe(photo.key);
    const first = await get('/api/v1/photos?limit=1');
    expect(first).toMatchObject({ photos: [{ camera: 'gate' }], before: photo.start });
    const second = await get(`/api/v1/photos?limit=1&before=${first.before}`);
    expect(second.photos).toMatchObject([{ camera: 'yard' }]);
    expect(second).not.toHaveProperty('before');
    expect(await get('/api/v1/photos?camera=yard')).toMatchObject({ photos: [{ camera: 'yard' }] });
  });

  it('sees a camera that is added later', async () => {
    const clock = new FakeClock();
    const fresh = await WebSite.start({ clock });
    const days = () => fresh.asOwner('/api/v1/days?camera=porch');
    expect((await days()).status).toBe(404);
    await fresh.archive.add([snapshot('porch', at(DAY))]);
    await clock.advance(5_000);
    expect(JSON.parse((await days()).body)).toEqual({ camera: 'porch', days: [DAY] });
    await fresh.dispose();
  });

  it.each([
    ['/api/v1/days', 400],
    ['/api/v1/days?camera=', 400],
    ['/api/v1/days?camera=GATE', 400],
    ['/api/v1/days?camera=../gate', 400],
    ['/api/v1/days?camera=gate&camera=yard', 400],
    ['/api/v1/days?camera=nobody', 404],
    ['/api/v1/days/nearest?camera=nobody', 404],
    ['/api/v1/days/nearest?to=2026-05', 400],
    ['/api/v1/days/nearest?from=2026-02-30', 400],
    ['/api/v1/days/nearest?from=2026-05-03&to=2026-05-03', 400],
    ['/api/v1/days/nearest?limit=0', 400],
    ['/api/v1/days/nearest?limit=367', 400],
    ['/api/v1/entries?camera=gate', 400],
    ['/api/v1/entries?camera=gate&day=2026-02-30', 400],
    ['/api/v1/entries?camera=gate&day=2026-5-3', 400],
    ['/api/v1/entries?camera=gate&day=../../etc', 400],
    [`/api/v1/entries?camera=nobody&day=${DAY}`, 404],
    ['/api/v1/photos?camera=nobody', 404],
    ['/api/v1/photos?limit=0', 400],
    ['/api/v1/photos?limit=501', 400],
    ['/api/v1/photos?limit=-1', 400],
    ['/api/v1/photos?limit=1e2', 400],
    ['/api/v1/photos?before=yesterday', 400],
    ['/api/v1/photos?before=99999999999999999999', 400],
    ['/latest?camera=nobody', 404],
    ['/latest?camera=%2e%2e', 400],
    ['/api/v1/nothing', 404],
    ['/nothing', 404],
    ['/api/v1/days?camera=%zz', 400],
    ['/snapshots/%zz/12-00-00.jpg', 400],
  ])('refuses %s with %i', async (path, status) => {
    const answer = await site.asOwner(path);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({
      error: expect.objectContaining({ code: expect.stringMatching(/^[a-z-]+$/), message: expect.any(String) }),
    });
  });

  it('answers the newest picture and when it was taken', async () => {
    for (const path of ['/latest', '/latest?camera=gate', '/latest?camera=gate&at=17']) {
      const { status, headers, body } = await site.asOwner(path);
      expect([status, body]).toEqual([200, 'newest']);
      expect(headers).toMatchObject({
        'content-type': 'image/jpeg',
        'cache-control': 'no-store',
        'last-modified': 'Sun, 03 May 2026 12:34:56 GMT',
        'x-taken-at': '2026-05-03T12:34:56.789Z',
      });
      const head = await site.asOwner(path, { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, body: '', headers: { 'x-taken-at': headers['x-taken-at'] } });
    }
    const none = await site.asOwner('/latest?camera=yard');
    expect([none.status, JSON.parse(none.body).error.code]).toEqual([404, 'no-picture']);
  });

  it('finds a snapshot by its UTC time', async () => {
    const found = await site.asOwner(`/snapshots/gate/${DAY}/12-01-07.jpg`);
    expect(found).toMatchObject({ status: 200, body: photo.key, headers: { 'content-type': 'image/jpeg' } });
    for (const path of [
      `/snapshots/gate/${DAY}/12-01-08.jpg`,
      `/snapshots/yard/${DAY}/12-01-07.jpg`,
      // A segment began then.
      `/snapshots/gate/${DAY}/12-00-00.jpg`,
    ]) {
      expect((await site.asOwner(path)).status, path).toBe(404);
    }
    for (const path of [`/snapshots/gate/${DAY}/24-00-00.jpg`, '/snapshots/gate/2026-02-30/12-01-07.jpg']) {
      expect((await site.asOwner(path)).status, path).toBe(400);
    }
  });

  it('finds the snapshot where a segment began in the same second', async () => {
    const fresh = await WebSite.start();
    const start = at(DAY, '08:00');
    const taken = snapshot('porch', start + 400);
    await fresh.archive.add([segment('porch', start, start + 300_000), taken]);
    expect((await fresh.asOwner(`/snapshots/porch/${DAY}/08-00-00.jpg`)).body).toBe(taken.key);
    await fresh.dispose();
  });

  it('needs no camera name where there is only one', async () => {
    const ambiguous = await site.asOwner(`/snapshots/${DAY}/12-01-07.jpg`);
    expect([ambiguous.status, JSON.parse(ambiguous.body).error.code]).toEqual([404, 'which-camera']);
    const fresh = await WebSite.start();
    vi.spyOn(fresh.archive.source, 'cameras').mockResolvedValue(['gate']);
    expect((await fresh.asOwner(`/snapshots/${DAY}/12-01-07.jpg`)).body).toBe(photo.key);
    await fresh.dispose();
  });
});
