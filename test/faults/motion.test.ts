import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { PullPoint } from '../../lib/onvif/pull-point.js';
import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import type { RunningCamera } from '../../lib/simulator/simulator.js';
import { until } from '../peers/until.js';
import { EventCameras, Listener, sourceOf, targetOf } from '../simulators/event-cameras.js';
import { SoapFront } from '../simulators/soap-front.js';

/** However its camera fails, motion is heard again within this long of the camera being there. */
const BACK_MS = 30_000;

let cameras: EventCameras;
beforeAll(async () => {
  cameras = await EventCameras.start(
    PERSONA_NAMES.flatMap((persona) => Array.from({ length: persona === 'generic' ? 18 : 8 }, () => persona)),
  );
});
afterAll(() => cameras.stop());

/** Somebody listens to a camera of its own. */
async function listening(persona: (typeof PERSONA_NAMES)[number] = 'generic') {
  const running = cameras.take(persona);
  const listener = new Listener(sourceOf(running));
  await until('us to listen', () => running.camera.subscriptions.taken === 1);
  return { running, camera: running.camera, listener };
}

/** What moves from now on is told in time, and afterwards the camera's place is free. */
async function hears({ camera }: RunningCamera, listener: Listener): Promise<void> {
  camera.motion.force(['person']);
  await listener.told(true, BACK_MS);
  await listener.stop();
  expect(camera.subscriptions.taken).toBe(0);
}

describe.concurrent('motion is heard after', () => {
  it.each(PERSONA_NAMES)('a restart of the camera: %s', async (persona) => {
    const { running, camera, listener } = await listening(persona);
    await camera.reboot();
    await hears(running, listener);
  });

  it.each(PERSONA_NAMES)('a restart in which it lost its clock: %s', async (persona) => {
    const { running, camera, listener } = await listening(persona);
    camera.faults.set('forgets-time', true);
    await camera.reboot();
    expect(camera.clock.now()).toBeLessThan(60_000);
    await hears(running, listener);
  });

  it.each(PERSONA_NAMES)('a change of its address: %s', async (persona) => {
    const { running, camera, listener } = await listening(persona);
    await camera.moveTo(`127.0.1.${PERSONA_NAMES.indexOf(persona) + 10}`);
    await hears(running, listener);
  });

  it.each(PERSONA_NAMES)('its clock was set: %s', async (persona) => {
    const { running, camera, listener } = await listening(persona);
    camera.clock.set(systemClock.now() - 3 * 3_600_000);
    await hears(running, listener);
  });

  it.each(PERSONA_NAMES)('its subscription ended early: %s', async (persona) => {
    const { running, camera, listener } = await listening(persona);
    camera.faults.set('subscription-expiry', 3_000);
    camera.subscriptions.clear();
    await until('a new one', () => camera.subscriptions.created > 1 || camera.subscriptions.taken > 0);
    await delay(4_000);
    await hears(running, listener);
  });

  it('all its places were taken for a while', async () => {
    const running = cameras.take('reolink');
    const { subscriptions } = running.camera;
    const signal = new AbortController().signal;
    const connection = await OnvifConnection.open(targetOf(running.camera.deviceUrl), { clock: systemClock, signal });
    const other = await PullPoint.create(connection, systemClock, signal);
    const listener = new Listener(sourceOf(running));
    await until('a refusal', () => (subscriptions.requests.get('CreatePullPointSubscription') ?? 0) > 1);
    await other.unsubscribe();
    await hears(running, listener);
  });

  it.each(['generic', 'reolink'] as const)('it did not answer for a while: %s', async (persona) => {
    const { running, camera, listener } = await listening(persona);
    camera.faults.set('stalled', true);
    await delay(16_000);
    camera.faults.clear();
    await hears(running, listener);
  });

  it('its sign-in was refused for a moment, as while it starts', async () => {
    const { running, camera, listener } = await listening();
    await camera.setFault('sign-in-refused');
    camera.subscriptions.clear();
    await delay(3_000);
    await camera.setFault(undefined);
    await hears(running, listener);
  });

  it.each(['garbage', 'login-page', 'doctype', 'huge', 'drip'] as const)('it answered with %s', async (fault) => {
    const { running, camera, listener } = await listening();
    const values = { garbage: true, 'login-page': true, doctype: true, huge: 50_000_000, drip: 100 } as const;
    camera.faults.set(fault, values[fault]);
    camera.motion.force(['person']);
    await delay(3_000);
    camera.motion.force([]);
    camera.faults.clear();
    await hears(running, listener);
  });

  it('connections were broken, one after the other, without a new subscription each time', async () => {
    const running = cameras.take('generic');
    const between = await SoapFront.open(running.camera.deviceUrl);
    const listener = new Listener(sourceOf(running, { port: between.port }));
    await until('a long poll', () => between.count('PullMessages') > 1);
    await delay(1_500);
    for (let n = 0; n < 3; n++) {
      const before = between.count('PullMessages');
      between.breakAll();
      await until('another pull', () => between.count('PullMessages') > before);
      await delay(1_500);
    }
    expect(between.count('CreatePullPointSubscription')).toBe(1);
    await hears(running, listener);
    await between.close();
  });
});

describe.concurrent('the scene', () => {
  it.each(PERSONA_NAMES)('of %s is told as it is', async (persona) => {
    const running = cameras.take(persona);
    const { camera } = running;
    const { motion, spec } = camera.main;
    camera.motion.force(undefined);
    const listener = new Listener(sourceOf(running));
    await until('us to listen', () => camera.subscriptions.taken === 1);
    // Twice round: some of the first time may have been before we listened.
    await delay(2 * spec.loopMs);
    await listener.stop();
    const sceneOf = (at: number) => (camera.sceneMs() - (systemClock.now() - at) + 10 * spec.loopMs) % spec.loopMs;
    const near = (at: number, borders: number[]) =>
      Math.min(
        ...borders.map((border) => Math.abs(sceneOf(at) - border)).map((gap) => Math.min(gap, spec.loopMs - gap)),
      );
    const moves = listener.heard.filter(({ kind }) => kind === 'motion');
    expect(moves.filter(({ active }) => active).length).toBeGreaterThanOrEqual(2);
    const [starts, ends] = [motion.map(({ startMs }) => startMs), motion.map(({ endMs }) => endMs)];
    // What moved when we began to listen begins then, and is none of the scene's beginnings.
    const gaps = moves
      .slice(1)
      .filter(({ active }) => active || !camera.persona.events.neverFalse)
      .map(({ at, active }) => near(at, active ? starts : ends))
      .sort((a, b) => a - b);
    // A busy machine may be late once; what is late as a rule is us.
    expect(gaps[gaps.length >> 1]).toBeLessThan(2_000);
    expect(gaps.at(-1)).toBeLessThan(6_000);
  });
});

describe.concurrent('the log', () => {
  it('says once that a camera reports nothing and why, and once that it does again', async () => {
    const running = cameras.take('generic');
    const lines: string[] = [];
    const log = createLog({ format: 'json', write: (line) => lines.push(line) });
    const listener = new Listener(sourceOf(running, {}, log));
    const { camera } = running;
    await until('the first line', () => lines.length === 1);
    await camera.setFault('unreachable');
    // Several attempts, one line.
    await until('the second line', () => lines.length === 2);
    await delay(5_000);
    await camera.setFault(undefined);
    await until('the third line', () => lines.length === 3);
    await listener.stop();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', camera: running.name, msg: 'the camera reports motion' },
      { level: 'warn', camera: running.name, code: 'unreachable', hint: expect.any(String) },
      { level: 'info', camera: running.name, msg: 'the camera reports motion again' },
    ]);
    expect(lines.join('')).not.toContain('secret');
  });
});
