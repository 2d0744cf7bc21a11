import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { clockOffset } from '../../lib/onvif/clock-offset.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { findRecording } from '../../lib/onvif/recordings.js';
import type { AccessUnit } from '../../lib/rtsp/access-unit.js';
import { ReadTurns } from '../../lib/rtsp/read-turns.js';
import { RtspStream } from '../../lib/rtsp/stream.js';
import type { SimulatedCamera } from '../../lib/simulator/camera.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { until } from '../peers/until.js';

/** Profile G, asked of simulated cameras: one with a card, one without. */
const signal = new AbortController().signal;
const FPS = 15;
let simulator: Simulator;
let withCard: SimulatedCamera;

beforeAll(async () => {
  const stream = { width: 320, height: 180, fps: FPS, gopFrames: FPS, rateBps: 300_000 };
  simulator = await startSimulator(
    {
      cameras: [
        { name: 'gate', variant: 0, title: 'gate', card: true },
        { name: 'bare', variant: 0, title: 'gate' },
      ],
      ...{ cacheDir: join(tmpdir(), 'nvr-uplink-test-clips'), restartMs: 1_500, main: stream, sub: stream },
    },
    signal,
  );
  withCard = simulator.cameras[0]!.camera;
});
afterAll(() => simulator.stop());
beforeEach(() => withCard.faults.clear());

async function connect(index = 0): Promise<OnvifConnection> {
  const url = new URL(simulator.cameras[index]!.onvifUrl!);
  const target = { host: url.hostname, port: Number(url.port), ...simulator.account };
  return await OnvifConnection.open(target, { clock: systemClock, signal });
}

/** Plays a range, and says which pictures came. */
async function replay(url: string, fromMs: number, toMs: number): Promise<AccessUnit[]> {
  const units: AccessUnit[] = [];
  const sink = { begin: () => undefined, unit: (unit: AccessUnit) => void units.push({ ...unit }) as undefined };
  const turns = new ReadTurns(systemClock, 10);
  const common = { audio: false, silentMs: 20_000, clock: systemClock, turns, sink };
  await new RtspStream({ ...common, url, credentials: simulator.account, replay: { fromMs, toMs } }).play(signal);
  return units;
}

describe("a camera's own recordings", () => {
  it('are there for as long as it had power, and not for the time in between', async () => {
    await until('some seconds on the card', () => {
      const [span] = withCard.card!.spans();
      return span!.end - span!.start > 3_000;
    });
    await withCard.reboot();
    await until(
      'a moment more',
      () => withCard.card!.spans().at(-1)!.end - withCard.card!.spans().at(-1)!.start > 2_500,
    );
    const connection = await connect();
    const now = withCard.clock.now();
    const { spans, uri } = await findRecording(connection, { start: now - 60_000, end: now, signal });
    const [first, second] = withCard.card!.spans();
    expect(spans).toHaveLength(2);
    expect(Math.abs(spans[0]!.start - first!.start)).toBeLessThan(20);
    expect(Math.abs(spans[0]!.end - first!.end)).toBeLessThan(20);
    expect(Math.abs(spans[1]!.start - second!.start)).toBeLessThan(20);
    expect(spans[1]!.end).toBe(now);
    // From the keyframe before the range to its end, each with its time; the hole is in the times.
    const units = await replay(uri, first!.end - 1_500, second!.start + 1_500);
    const times = units.map(({ recordedMs }) => recordedMs!);
    expect(units[0]!.key).toBe(true);
    expect(times[0]!).toBeLessThanOrEqual(first!.end - 1_500);
    expect(times[0]!).toBeGreaterThan(first!.end - 2_600);
    expect(times.at(-1)!).toBeGreaterThan(second!.start + 1_300);
    const steps = times.slice(1).map((time, n) => time - times[n]!);
    expect(steps.filter((step) => Math.abs(step - 1_000 / FPS) > 2)).toHaveLength(1);
    expect(Math.max(...steps)).toBeGreaterThan(1_400);
  });

  it('are as good as all there where the camera keeps no history', async () => {
    withCard.faults.set('no-history', true);
    const now = withCard.clock.now();
    const { spans } = await findRecording(await connect(), { start: now - 2_000, end: now, signal });
    expect(spans).toEqual([{ start: now - 2_000, end: now }]);
  });

  it('are none without a card, of another channel, or without Profile G', async () => {
    const wanted = { start: 0, end: Date.now(), signal };
    await expect(findRecording(await connect(), { ...wanted, channel: 2 })).rejects.toMatchObject({
      code: 'no-recordings',
      message: expect.stringContaining('channel 2'),
    });
    withCard.faults.set('no-card', true);
    await expect(findRecording(await connect(), wanted)).rejects.toMatchObject({
      code: 'no-recordings',
      hint: expect.stringContaining('SD card'),
    });
    await expect(findRecording(await connect(1), wanted)).rejects.toMatchObject({ code: 'service-missing' });
  });

  it('are refused where there is none of that time', async () => {
    const { uri } = await findRecording(await connect(), { start: 0, end: withCard.clock.now(), signal });
    await expect(replay(uri, 0, 60_000)).rejects.toMatchObject({
      code: 'stream-invalid',
      hint: expect.stringContaining('no recording of that time'),
    });
  });
});

it('reads a clock that tells whole seconds to a fraction of one', async () => {
  withCard.faults.set('clock-skew', -3_456);
  const offset = (await clockOffset(await connect(), systemClock, signal))!;
  expect(offset.errorMs).toBeLessThan(500);
  expect(Math.abs(offset.offsetMs + 3_456)).toBeLessThanOrEqual(offset.errorMs + 1);
});
