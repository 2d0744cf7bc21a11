import type { Router } from 'express';
import { nearestDays } from '../../archive-source.js';
import { dayOf } from '../../segment.js';
import type {
  CalendarReply,
  CamerasReply,
  DaysReply,
  EntriesReply,
  NearestDaysReply,
  PhotosReply,
  StorageReply,
} from '../api.js';
import { calendarQuery, cameraQuery, dayQuery, nearestQuery, parse, photosQuery, siteQuery } from '../input.js';
import { sendJson } from '../json.js';
import type { WebOptions } from '../options.js';
import { photoPage } from '../photos.js';
import type { Sites } from '../sites.js';

/** Cameras whose calendar is looked up at once: each is a listing. */
const AT_ONCE = 16;

/** What there is: cameras, their days, the entries of a day, photos. */
export function footageRoutes(router: Router, sites: Sites, { clock }: WebOptions): void {
  router.get('/api/v1/cameras', async (request, response) => {
    const { cameras } = sites.of(parse(siteQuery, request.query).site);
    response.json({ cameras: await cameras.names() } satisfies CamerasReply);
  });

  router.get('/api/v1/days', async (request, response) => {
    const { camera, site } = parse(cameraQuery, request.query);
    const { archive, cameras } = sites.of(site);
    await cameras.require(camera);
    response.json({ camera, days: await archive.days(camera) } satisfies DaysReply);
  });

  router.get('/api/v1/days/nearest', async (request, response) => {
    const { camera, from, to, limit, site } = parse(nearestQuery, request.query);
    const { archive, cameras } = sites.of(site);
    if (camera) await cameras.require(camera);
    const names = camera ? [camera] : await cameras.names();
    const days: NearestDaysReply['days'] = [];
    for await (const day of nearestDays(archive, names, from ? { bound: from, by: 1 } : { bound: to, by: -1 })) {
      days.push(day);
      if (days.length === limit) break;
    }
    await sendJson(request, response, { days } satisfies NearestDaysReply);
  });

  router.get('/api/v1/calendar', async (request, response) => {
    const { camera, month, site } = parse(calendarQuery, request.query);
    const { archive, cameras } = sites.of(site);
    if (camera) await cameras.require(camera);
    const names = camera ? [camera] : await cameras.names();
    const found: CalendarReply['cameras'] = [];
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const some = names.slice(at, at + AT_ONCE);
      found.push(...(await Promise.all(some.map(async (of) => ({ camera: of, days: await archive.days(of, month) })))));
    }
    await sendJson(request, response, { month, cameras: found } satisfies CalendarReply);
  });

  router.get('/api/v1/entries', async (request, response) => {
    const { camera, day, site } = parse(dayQuery, request.query);
    const { archive, cameras } = sites.of(site);
    await cameras.require(camera);
    const entries = await archive.entries(camera, day);
    sites.tell(camera, day, entries);
    await sendJson(request, response, { camera, day, now: clock.now(), entries } satisfies EntriesReply);
  });

  router.get('/api/v1/storage', async (request, response) => {
    const { camera, day, site } = parse(dayQuery, request.query);
    const { archive, cameras } = sites.of(site);
    await cameras.require(camera);
    const found = [...((await archive.frozen?.(camera, day)) ?? [])];
    const frozen = found.map(([key, storage]) => ({ key, storage }));
    await sendJson(request, response, { camera, day, frozen } satisfies StorageReply);
  });

  router.get('/api/v1/photos', async (request, response) => {
    const { camera, before: end, limit, site } = parse(photosQuery, request.query);
    const { archive, cameras } = sites.of(site);
    if (camera) await cameras.require(camera);
    const page = await photoPage(archive, camera ? [camera] : await cameras.names(), end, limit);
    for (const photo of page.photos) sites.tell(photo.camera, dayOf(photo.start), [photo]);
    const photos = page.photos.map((photo) => ({
      camera: photo.camera,
      at: photo.start,
      url: `/api/v1/media/${photo.key}`,
    }));
    response.json({ photos, before: page.before } satisfies PhotosReply);
  });
}
