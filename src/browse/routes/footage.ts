import type { Router } from 'express';
import type { CamerasReply, DaysReply, EntriesReply, PhotosReply } from '../api.js';
import { cameraQuery, dayQuery, parse, photosQuery } from '../input.js';
import type { KnownCameras } from '../known-cameras.js';
import type { WebOptions } from '../options.js';
import { photoPage } from '../photos.js';

/** What there is: cameras, their days, the entries of a day, photos. */
export function footageRoutes(router: Router, cameras: KnownCameras, { archive, clock }: WebOptions): void {
  router.get('/api/v1/cameras', async (_request, response) => {
    response.json({ cameras: await cameras.names() } satisfies CamerasReply);
  });

  router.get('/api/v1/days', async (request, response) => {
    const { camera } = parse(cameraQuery, request.query);
    await cameras.require(camera);
    response.json({ camera, days: await archive.days(camera) } satisfies DaysReply);
  });

  router.get('/api/v1/entries', async (request, response) => {
    const { camera, day } = parse(dayQuery, request.query);
    await cameras.require(camera);
    const entries = await archive.entries(camera, day);
    response.json({ camera, day, now: clock.now(), entries } satisfies EntriesReply);
  });

  router.get('/api/v1/photos', async (request, response) => {
    const { camera, before: end, limit } = parse(photosQuery, request.query);
    if (camera) await cameras.require(camera);
    const page = await photoPage(archive, camera ? [camera] : await cameras.names(), end, limit);
    const photos = page.photos.map(({ camera, start, key }) => ({ camera, at: start, url: `/api/v1/media/${key}` }));
    response.json({ photos, before: page.before } satisfies PhotosReply);
  });
}
