import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../bench/motion/random.js';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import type { AccessUnit } from '../../lib/rtsp/access-unit.js';
import { ReadTurns } from '../../lib/rtsp/read-turns.js';
import { RtspStream } from '../../lib/rtsp/stream.js';
import { AnalysisMotionSource } from '../../src/motion/analysis/analysis-source.js';
import { PictureWatch } from '../../src/motion/analysis/picture-watch.js';
import { until } from '../peers/until.js';
import { Listener } from '../simulators/event-cameras.js';
import { encodeWatchedClips, WatchedCamera, type WatchedClips } from '../simulators/watched-camera.js';

const log = createLog({ level: 'silent' });

let clips: WatchedClips;
const cameras: WatchedCamera[] = [];

beforeAll(() => {
  clips = encodeWatchedClips();
});

afterAll(async () => {
  await Promise.all(cameras.map((camera) => camera.close()));
});

async function watched() {
  const camera = new WatchedCamera(clips);
  cameras.push(camera);
  await camera.open();
  const source = new AnalysisMotionSource({
    ...{ camera: 'gate', source: async () => camera.stream, ffmpeg: 'ffmpeg', holdOffMs: 1_000 },
    ...{ clock: systemClock, log },
  });
  return { camera, source };
}

/** The decoders this process has started, whoever for: by what they are called, because their parent may have been replaced. */
async function decoders(): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
    if (stat.includes(`(ffmpeg)`) && stat.split(') ')[1]?.split(' ')[1] === String(process.pid))
      found.push(Number(entry));
  }
  return found;
}

describe('our own analysis, and a decoder that fails', () => {
  it('tells of motion again after its decoder was killed, and after it hung', async () => {
    const { camera, source } = await watched();
    const listener = new Listener(source);
    await until('a decoder', async () => (await decoders()).length === 1);
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      const [pid] = await decoders();
      process.kill(pid!, signal);
      await until('another decoder', async () => {
        const now = await decoders();
        return now.length === 1 && now[0] !== pid;
      });
      camera.move(true);
      await listener.told(true);
      expect(source.health.working).toBe(true);
      camera.move(false);
      await listener.told(false);
    }
    await listener.stop();
    expect(await decoders()).toEqual([]);
  });

  it('says why nothing is seen when ffmpeg cannot be started, and goes on trying', async () => {
    const { camera } = await watched();
    const lines: string[] = [];
    const source = new AnalysisMotionSource({
      ...{ camera: 'gate', source: async () => camera.stream, ffmpeg: '/nowhere/ffmpeg', clock: systemClock },
      log: createLog({ write: (line) => lines.push(line) }),
    });
    const listener = new Listener(source);
    await until('word of it, twice', () => lines.filter((line) => line.includes('decoder')).length >= 2);
    await listener.stop();
    expect(lines.join()).toContain('/nowhere/ffmpeg');
    expect(source.health).toEqual({ working: false, reason: expect.stringContaining('the decoder failed') });
    expect(lines.length).toBeLessThan(6);
  });
});

it('streams with broken pictures are survived, and what comes after them is seen', async () => {
  const { camera } = await watched();
  camera.move(true);
  const units = await record(camera, 60);
  const random = new Random(77);
  const moving: number[] = [];
  const watch = new PictureWatch({
    ...{ camera: 'gate', ffmpeg: 'ffmpeg', clock: systemClock, log },
    ...{ onSeen: () => undefined, onBlind: () => undefined, onAttention: () => undefined },
    onMoving: (_, { mediaMs }) => moving.push(mediaMs),
  });
  let dts = 0;
  const take = (unit: AccessUnit) => {
    dts += 9_000;
    watch.take({ ...unit, dts, pts: dts, arrivedMs: systemClock.monotonic() });
  };
  for (let round = 0; round < 6; round++) {
    for (const unit of units) take({ ...unit, data: mutate(unit.data, random), afterLoss: random.next() < 0.05 });
    await systemClock.sleep(20);
  }
  const brokenUntilMs = dts / 90;
  await until('motion after the damage', async () => {
    for (const unit of units.slice(0, 10)) take(unit);
    return moving.some((ms) => ms > brokenUntilMs);
  });
  await watch.close();
  expect(await decoders()).toEqual([]);
});

/** So many pictures of a camera, copied: they are valid during the call only. */
async function record(camera: WatchedCamera, count: number): Promise<AccessUnit[]> {
  const units: AccessUnit[] = [];
  const stop = new AbortController();
  const { url, ...credentials } = camera.stream;
  await new RtspStream({
    ...{ url, credentials, audio: false, silentMs: 10_000, clock: systemClock, turns: new ReadTurns(systemClock, 50) },
    sink: {
      begin: () => undefined,
      unit: (unit) => {
        units.push({ ...unit, data: Buffer.from(unit.data) });
        if (units.length === count) stop.abort();
        return undefined;
      },
    },
  }).play(stop.signal);
  return units;
}

/** Changes, cuts or leaves alone. */
function mutate(data: Buffer, random: Random): Buffer {
  const copy = Buffer.from(data);
  const kind = random.next();
  if (kind < 0.3) return copy;
  if (kind < 0.5) return copy.subarray(0, Math.floor(random.next() * copy.length));
  for (let flips = 1 + Math.floor(random.next() * 8); flips > 0; flips--) {
    copy[Math.floor(random.next() * copy.length)] = Math.floor(random.next() * 256);
  }
  return copy;
}
