import { existsSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { Failure } from '../lib/errors.js';
import { clockOffset } from '../lib/onvif/clock-offset.js';
import { OnvifConnection } from '../lib/onvif/connection.js';
import { findRecording } from '../lib/onvif/recordings.js';
import type { App } from './app.js';
import { onvifTarget } from './app-cameras.js';
import { Backfill } from './backfill/backfill.js';
import type { EdgeRecordings } from './backfill/fill-gap.js';
import type { CameraLocator } from './camera/locator.js';
import type { CameraConfig } from './config/schema.js';
import { Replayer } from './recording/replayer.js';
import type { Finisher } from './spool/finish.js';

/** From so many cameras at once, however many there are. */
const AT_ONCE = 2;

/** What fills gaps from the cameras' own recordings, of those that are to be asked. */
export function buildBackfills(app: App, finisher: Finisher, mayWrite: () => Promise<void>): Backfill[] {
  const { config, clock, log } = app.options;
  const { ledger } = app;
  const { layout } = app.spool;
  const turns = new PQueue({ concurrency: AT_ONCE });
  const replayer = new Replayer(clock);
  const find = ({ name, start }: { name: string; start: number }) => {
    const path = [layout.ready, layout.sent].map((folder) => join(folder, name)).find((one) => existsSync(one));
    return path === undefined ? undefined : { path, start };
  };
  return Object.entries(config.cameras).flatMap(([camera, settings]) => {
    const locator = app.locators.get(camera);
    if (!settings.backfill || !locator) return [];
    const edge = edgeOf(app, settings, locator);
    const { segment: segmentMs } = { ...config.record, ...settings.record };
    const work = join(layout.backfill, camera);
    return new Backfill({
      ...{ camera, edge, replayer, sink: finisher, ledger, clock, log, work, segmentMs, find, mayWrite, turns },
    });
  });
}

function edgeOf(app: App, settings: CameraConfig, locator: CameraLocator): EdgeRecordings {
  const { clock } = app.options;
  const { certificate, username, password, channel } = settings;
  return {
    open: async (signal) => {
      const connection = await OnvifConnection.open(await onvifTarget(settings, locator, signal), { clock, signal });
      const offset = await clockOffset(connection, clock, signal);
      if (!offset) throw timeless();
      return {
        offsetMs: offset.offsetMs,
        find: async (wanted) => {
          const { spans, uri } = await findRecording(connection, { ...wanted, channel, signal });
          return { spans, source: { url: uri, certificate, username, password } };
        },
      };
    },
  };
}

/** When its pictures were recorded is then anybody's guess. */
function timeless(): Failure {
  return new Failure('the camera does not tell its time', {
    kind: 'transient',
    code: 'camera-timeless',
    hint: 'Set its clock: nvr-uplink camera apply.',
  });
}
