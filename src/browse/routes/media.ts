import type { Request, Response, Router } from 'express';
import { latestQuery, mediaKeyOf, parse, snapshotPath } from '../input.js';
import type { KnownCameras } from '../known-cameras.js';
import type { WebOptions } from '../options.js';
import type { Playback } from '../playback.js';
import { Refusal } from '../refusal.js';

export interface MediaParts {
  cameras: KnownCameras;
  playback: Playback;
  /** Aborts when the server stops. */
  stopping: AbortSignal;
}

/** The files themselves, and the newest picture. */
export function mediaRoutes(router: Router, { cameras, playback, stopping }: MediaParts, options: WebOptions): void {
  router.get('/api/v1/media/*key', async (request, response) => {
    const parts = request.params.key;
    const key = mediaKeyOf(Array.isArray(parts) ? parts : []);
    if (!key) throw new Refusal(404, 'unknown-key', 'This is not the key of a media file.');
    await playback.send(request, response, key);
  });

  router.get('/latest', async (request, response) => {
    const { camera } = parse(latestQuery, request.query);
    if (camera) await cameras.require(camera);
    const name = camera ?? (await cameras.names())[0];
    // Several viewers may share one picture, so it is not given up when one of them leaves.
    const picture = name && (await options.latestPicture(name, stopping));
    if (!picture)
      throw new Refusal(404, 'no-picture', 'There is no picture yet.', 'Try again when the camera records.');
    const taken = new Date(picture.at);
    response.set({ 'Last-Modified': taken.toUTCString(), 'X-Taken-At': taken.toISOString() });
    response.type('image/jpeg').send(picture.jpeg);
  });

  const sendSnapshot = async (request: Request, response: Response) => {
    const { camera = await onlyCamera(cameras), day, time } = parse(snapshotPath, request.params);
    await cameras.require(camera);
    const second = Date.parse(`${day}T${time.replaceAll('-', ':')}Z`);
    const entries = await options.archive.entries(camera, day);
    const found = entries.find(
      (entry) => entry.type === 'snapshot' && entry.start >= second && entry.start < second + 1_000,
    );
    if (found?.type !== 'snapshot')
      throw new Refusal(404, 'no-picture', 'No picture was taken then.', 'Times are UTC.');
    await playback.send(request, response, found.key);
  };
  router.get('/snapshots/:day/:time.jpg', sendSnapshot);
  router.get('/snapshots/:camera/:day/:time.jpg', sendSnapshot);
}

async function onlyCamera(cameras: KnownCameras): Promise<string> {
  const [first, ...others] = await cameras.names();
  if (first && others.length === 0) return first;
  throw new Refusal(
    404,
    'which-camera',
    'The address does not say which camera.',
    'Write /snapshots/CAMERA/YYYY-MM-DD/HH-MM-SS.jpg.',
  );
}
