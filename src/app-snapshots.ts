import { join } from 'node:path';
import { takeStill } from '../lib/ffmpeg/still.js';
import type { App } from './app.js';
import { cameraStream } from './app-cameras.js';
import type { Picture } from './recording/pictures.js';
import { Snapshots } from './recording/snapshots.js';

/** What keeps pictures of the cameras: of those that record at any time, and of those whose motion asks for pictures. */
export function buildSnapshots(app: App): Snapshots[] {
  const { config, clock, log } = app.options;
  return Object.entries(config.cameras).flatMap(([camera, settings]) => {
    const { plan, watch, wantsPictures } = app.motion.get(camera)!;
    if (!plan.isEverOn && !wantsPictures) return [];
    const { every: everyMs, calm: calmMs, on_motion: onMotion } = { ...config.snapshot, ...settings.snapshot };
    return new Snapshots({
      ...{ camera, everyMs, calmMs, onMotion, watcher: watch, clock, log, work: join(app.spool.layout.work, camera) },
      latest: (name, signal) => {
        app.storage.check();
        return app.pictures.latest(name, signal);
      },
      fromCamera: (signal) => pictureFromCamera(app, camera, signal),
      commit: async (file, name, at) => {
        await app.spool.commitMedia(file, { camera: name, kind: 'snapshot', start: at, end: at, source: 'rtsp' });
      },
    });
  });
}

/** One frame of the main stream, by a connection of its own: for cameras nothing is recorded of. */
async function pictureFromCamera(app: App, camera: string, signal: AbortSignal): Promise<Picture> {
  const { config, clock, ffmpeg } = app.options;
  const source = await cameraStream('main', config.cameras[camera]!, app.locators.get(camera), signal);
  const { bytes } = await takeStill(ffmpeg.path, source, clock, signal);
  return { jpeg: bytes, at: clock.now() };
}
