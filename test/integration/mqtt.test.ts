import { readFileSync } from 'node:fs';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { MqttListener } from '../../lib/mqtt.js';
import { buildMotion, type CameraMotion } from '../../src/app-motion.js';
import { buildMqtt } from '../../src/app-mqtt.js';
import { configSchema } from '../../src/config/schema.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Hearing } from '../../src/motion/hearing.js';
import { Mosquitto } from '../peers/mosquitto.js';
import { until } from '../peers/until.js';

/** Motion over a broker nobody here wrote. */
describe.each([{ tls: false }, { tls: true }])('motion over MQTT, TLS: $tls', ({ tls }) => {
  let broker: Mosquitto;
  let others: MqttClient;
  let ledger: Ledger;
  let motion: ReadonlyMap<string, CameraMotion>;
  let hearing: Hearing;
  let logged: string[];
  let stop: AbortController;
  let running: Promise<void>;

  beforeAll(async () => {
    broker = await Mosquitto.start({ tls });
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    const { username, password, ca } = broker;
    others = await connectAsync(broker.url, { username, password, ...(ca && { ca: readFileSync(ca) }) });
    ledger = new Ledger(':memory:');
    logged = [];
    stop = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await others.endAsync(true);
    ledger.close();
  });

  function listen(more: object = {}): void {
    const { username, password, ca } = broker;
    const streams = { main: 'rtsp://10.0.0.7/1' };
    const config = configSchema.parse({
      cameras: { gate: { streams, motion: { sources: ['external'] } }, yard: { streams } },
      mqtt: { url: broker.url, username, password, topic: 'home/nvr', ...(ca && { ca_file: ca }), ...more },
    });
    const log = createLog({ write: (line) => logged.push(line) });
    hearing = new Hearing();
    motion = buildMotion(config, { ffmpeg: 'ffmpeg', locators: new Map(), hearing, ledger, clock: systemClock, log });
    running = buildMqtt(config.mqtt!, motion, hearing, log).run(stop.signal);
  }
  const heard = () => until('us to listen', () => logged.some((line) => line.includes('motion is heard of')));
  const moves = (camera: string) => motion.get(camera)!.external!.isActive();
  const tell = (topic: string, text: string, retain = false) => others.publishAsync(topic, text, { qos: 1, retain });

  it('begins and ends as others say, for each camera by itself', async () => {
    listen();
    await heard();
    await tell('home/nvr/gate/motion/set', 'ON');
    await until('motion', () => moves('gate'));
    expect(moves('yard')).toBe(false);
    await tell('home/nvr/gate/motion/set', 'stop');
    await until('its end', () => !moves('gate'));
    await tell('home/nvr/yard/motion/set', 'pulse');
    await until('motion', () => moves('yard'));
    expect(logged.join('')).not.toContain(broker.password);
  });

  it('passes over what is of no use, and says so without repeating it', async () => {
    listen();
    await heard();
    await tell('home/nvr/nobody/motion/set', 'ON');
    await tell('home/nvr/gate/motion/set', 'CANARY');
    await tell('home/nvr/gate/motion/set', 'x'.repeat(100_000));
    const warnings = () => logged.filter((line) => line.includes('of no use'));
    await until('both to be told of', () => warnings().length === 2);
    expect(warnings().join('')).toContain('unknown');
    expect(logged.join('')).not.toContain('CANARY');
    expect(moves('gate')).toBe(false);
  });

  it('does not begin because of what a broker kept from long ago', async () => {
    await tell('home/nvr/gate/motion/set', 'ON', true);
    listen();
    await heard();
    await tell('home/nvr/yard/motion/set', 'ON');
    await until('what comes after', () => moves('yard'));
    expect(moves('gate')).toBe(false);
    await tell('home/nvr/gate/motion/set', '', true);
  });

  it('says that a sign-in is refused, and ends when it is told to', async () => {
    listen({ password: 'wrong-CANARY' });
    await until('the refusal', () => logged.some((line) => /nothing is heard over MQTT.*/.test(line)));
    expect(logged.join('')).toMatch(/[Nn]ot authorized/);
    expect(logged.join('')).not.toContain('CANARY');
  });

  it('listens again after the broker was away', async () => {
    listen();
    await heard();
    await broker.pause();
    await until('the loss', () => logged.some((line) => line.includes('nothing is heard over MQTT')));
    logged.length = 0;
    await broker.resume();
    await heard();
    await until('the others', () => others.connected);
    await tell('home/nvr/gate/motion/set', 'ON');
    await until('motion', () => moves('gate'));
  });
});

it('tells nobody its password whose certificate it cannot believe', async () => {
  const broker = await Mosquitto.start({ tls: true });
  const stop = new AbortController();
  const told: [boolean, string | undefined][] = [];
  const { url, username, password } = broker;
  const running = new MqttListener({
    ...{ url, username, password, topics: ['x'], onMessage: () => undefined },
    onState: (listening, problem) => told.push([listening, problem]),
  }).run(stop.signal);
  try {
    await until('the refusal', () => told.some(([, problem]) => problem !== undefined));
    expect(told[0]).toEqual([false, expect.stringMatching(/self.signed/)]);
    expect(told.some(([listening]) => listening)).toBe(false);
  } finally {
    stop.abort();
    await running;
    await broker.stop();
  }
});

describe('mqtt in the configuration', () => {
  it.each([
    ['http://broker', '"http://" is not supported'],
    ['mqtt://me:CANARY@broker', 'sign-in details do not belong in the URL'],
    ['broker', 'not a URL'],
    ['mqtt://broker/topic', 'write mqtt://ADDRESS'],
  ])('refuses %s', (url, message) => {
    const cameras = { gate: { streams: { main: 'rtsp://10.0.0.7/1' } } };
    const { error } = configSchema.safeParse({ cameras, mqtt: { url } });
    expect(error?.issues[0]?.message).toContain(message);
  });
});
