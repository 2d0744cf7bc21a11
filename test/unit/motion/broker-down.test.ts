import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import { createLog } from '../../../lib/log.js';
import { buildMotion, type CameraMotion } from '../../../src/app-motion.js';
import { buildMqtt } from '../../../src/app-mqtt.js';
import { configSchema } from '../../../src/config/schema.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { Hearing } from '../../../src/motion/hearing.js';
import { statusReport } from '../../../src/operate/status.js';
import { until } from '../../peers/until.js';

/** Takes a client in, and grants what it subscribes to: the least a broker does. */
const CONNACK = Buffer.from([0x20, 2, 0, 0]);

let broker: Server;
let sockets: Socket[];
let ledger: Ledger;
let hearing: Hearing;
let motion: ReadonlyMap<string, CameraMotion>;
let stop: AbortController;
let running: Promise<void>;
beforeEach(() => {
  [ledger, hearing, stop, sockets] = [new Ledger(':memory:'), new Hearing(), new AbortController(), []];
  broker = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      if (data[0] === 0x10) socket.write(CONNACK);
      else if (data[0] === 0x82) socket.write(Buffer.from([0x90, 3, data[2]!, data[3]!, 1]));
    });
  });
});
afterEach(async () => {
  stop.abort();
  await running;
  for (const socket of sockets) socket.destroy();
  broker.close();
  ledger.close();
});

function listen(url: string): void {
  const streams = { main: 'rtsp://10.0.0.7/1' };
  const record = { mode: 'motion' };
  const config = configSchema.parse({
    cameras: {
      gate: { streams, record, motion: { sources: ['external'] } },
      yard: {
        streams: { ...streams, sub: 'rtsp://10.0.0.7/2' },
        record,
        motion: { sources: ['analysis', 'external'] },
      },
    },
    mqtt: { url },
  });
  const log = createLog({ write: () => undefined });
  motion = buildMotion(config, { ffmpeg: 'none', locators: new Map(), hearing, ledger, clock: systemClock, log });
  running = buildMqtt(config.mqtt!, motion, hearing, log).run(stop.signal);
}

const keepsAll = () => {
  const now = systemClock.monotonic();
  return motion.get('gate')!.plan.wants(now, now + 1_000);
};

function status() {
  const live = [...motion].map(([name, one]) => [name, { ...one.watch.state, needed: one.isNeeded() }] as const);
  return statusReport({
    ...{ site: 'home', version: '0', now: systemClock.now(), running: true, ledger },
    cameras: new Map([['gate', { recording: true }]]),
    motion: new Map(live),
    remotes: new Map([['aws', { state: 'idle' as const }]]),
    ...{ disk: { freeBytes: 1e12, minFreeBytes: 1e9 }, deadlineMs: 60_000, mqttProblem: hearing.problem },
  });
}

it('that is not there is told of, and everything is recorded where nothing else notices motion', async () => {
  listen('mqtt://127.0.0.1:1');
  await until('the refusal', () => hearing.problem !== undefined);
  expect(hearing.problem).toContain('ECONNREFUSED');
  expect(keepsAll()).toBe(true);
  const { state, problems, cameras } = status();
  expect(state).toBe('degraded');
  expect(problems).toEqual([
    expect.stringMatching(/^Motion of gate is not noticed \(external\): nothing is heard over MQTT: .*ECONNREFUSED/),
    expect.stringMatching(/^Nothing is heard of motion over MQTT: .*ECONNREFUSED.* check `mqtt` in the configuration/),
  ]);
  expect(cameras[0]!.motion!.sources).toMatchObject([{ name: 'external', working: false }]);
});

it('that takes us in is waited for in silence, until it is lost', async () => {
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  listen(`mqtt://127.0.0.1:${(broker.address() as { port: number }).port}`);
  await until('us to listen', () => hearing.listening);
  expect(keepsAll()).toBe(false);
  expect(status()).toMatchObject({ state: 'ok', problems: [] });
  broker.close();
  for (const socket of sockets) socket.destroy();
  await until('the loss to be noticed', () => !hearing.listening);
  expect(keepsAll()).toBe(true);
  expect(status()).toMatchObject({ state: 'degraded', cameras: [{ motion: { sources: [{ working: false }] } }] });
});
