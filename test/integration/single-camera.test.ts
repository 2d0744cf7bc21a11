import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { readJpeg } from '../../lib/jpeg.js';
import { createLog } from '../../lib/log.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { type StartedApp, startApp } from '../../src/app-web.js';
import type { PhotosReply, StatusReport } from '../../src/browse/api.js';
import { loadConfig } from '../../src/config/load.js';
import { until } from '../peers/until.js';

/** The hobby app's environment and nothing else: what its owner is used to, on a camera before which things move at known times. */
let dir: string;
let simulator: Simulator;
let started: StartedApp;
let running: Promise<void>;
const stop = new AbortController();
const MAIN = { width: 640, height: 360, rateBps: 400_000, loopMs: 24_000 };
const SUB = { width: 640, height: 360, rateBps: 500_000, loopMs: 24_000 };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'single-'));
  const cameras = [{ name: 'tapo', persona: 'tapo' as const, variant: 0 }];
  simulator = await startSimulator(
    { cameras, cacheDir: join(dir, 'clips'), onvif: false, main: MAIN, sub: SUB },
    new AbortController().signal,
  );
  const { mainUrl } = simulator.cameras[0]!;
  const { username, password } = simulator.account;
  const { config } = loadConfig(undefined, {
    ...{ CAMERA_IP: new URL(mainUrl.replace('rtsp', 'http')).host, USRNAME: username, PASSWORD: password },
    ...{ CALM_PERIOD: '1', PORT: '0' },
    ...{ NVR_UPLINK__STORAGE__DIR: join(dir, 'data'), NVR_UPLINK__STORAGE__MIN_FREE: '1MB' },
    NVR_UPLINK__RECORD__SEGMENT: '10s',
  });
  started = await startApp({
    ...{ config, ffmpeg: await findFfmpeg(), clock: systemClock, log: createLog({ level: 'silent' }), version: 'test' },
  });
  running = started.run(stop.signal);
}, 120_000);
afterAll(async () => {
  stop.abort();
  await running;
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

const ask = (path: string) =>
  fetch(started.url + path, { headers: { authorization: `Bearer ${started.access.localToken}` } });

it('sees motion in stream2, keeps a picture of stream1 once it is calm, and shows it', async () => {
  const { app } = started;
  const spans = () => app.ledger.motion.between('camera', 0, Number.MAX_SAFE_INTEGER);
  await until('motion that ends', () => spans().some(({ end }) => end !== undefined), 90_000);
  const span = spans().find(({ end }) => end !== undefined)!;
  expect(span.source).toMatch(/^analysis/);
  const photos = async () => ((await (await ask('/api/v1/photos?camera=camera')).json()) as PhotosReply).photos;
  // The first is the one that is always taken at the start.
  await until('the calm picture', async () => (await photos()).some(({ at }) => at >= span.end!), 60_000);
  const calm = (await photos()).findLast(({ at }) => at >= span.end!)!;
  expect(calm.at - span.end!).toBeLessThan(30_000);
  const picture = readJpeg(Buffer.from(await (await ask(calm.url)).arrayBuffer()));
  expect([picture.width, picture.height]).toEqual([MAIN.width, MAIN.height]);
  const taken = new Date(calm.at).toISOString();
  const byTime = await ask(`/snapshots/${taken.slice(0, 10)}/${taken.slice(11, 19).replaceAll(':', '-')}.jpg`);
  expect([byTime.status, byTime.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  expect((await ask('/latest')).status).toBe(200);
  expect((await ask('/photos')).status).toBe(200);

  const { cameras } = (await (await ask('/api/v1/status')).json()) as StatusReport;
  expect(cameras[0]).toMatchObject({ recording: true, motion: { sources: [{ name: 'analysis', working: true }, {}] } });
  const files = () => app.ledger.files.between('camera', 3_700_000, Number.MAX_SAFE_INTEGER / 2);
  await until(
    'the segment it was in',
    () => files().some(({ kind, end }) => kind === 'continuous' && end >= span.start),
    60_000,
  );
  const motion = files().flatMap((file) => app.ledger.motion.within(file) ?? []);
  expect(motion.length).toBeGreaterThan(0);
}, 240_000);
