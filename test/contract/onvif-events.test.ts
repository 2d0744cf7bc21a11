import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cam, CamOptions } from 'onvif';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { PullPoint } from '../../lib/onvif/pull-point.js';
import type { RunningCamera } from '../../lib/simulator/simulator.js';
import { until } from '../peers/until.js';
import { askBare, connectBare } from '../simulators/bare-onvif.js';
import { EventCameras, Listener, sourceOf, targetOf } from '../simulators/event-cameras.js';
import { SoapFront } from '../simulators/soap-front.js';

/**
 * What the onvif package makes of events, beside what our listening makes of the same camera. Each of these fails where a new
 * version mends it: then the reason for a part of lib/onvif is gone.
 */

const HURRY_MS = 4_000;

interface BareEvent {
  topic: unknown;
  message: { message: { data: { simpleItem: unknown } } };
}

let cameras: EventCameras;
beforeAll(async () => {
  cameras = await EventCameras.start(
    [...Array.from({ length: 13 }, () => 'generic' as const), 'axis', 'tapo', 'hikvision'],
    { https: true },
  );
});
afterAll(() => cameras.stop());

let running: RunningCamera;
let cleanUps: (() => unknown)[];
beforeEach(() => {
  cleanUps = [];
});
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

/** A camera of its own for this test. */
function take(persona: 'generic' | 'axis' | 'tapo' | 'hikvision' = 'generic') {
  running = cameras.take(persona);
  return running.camera;
}

async function bare(url = running.camera.deviceUrl, more: Partial<CamOptions> = {}): Promise<Cam> {
  const { port, path, username, password } = targetOf(url);
  const { cam, outcome } = await connectBare(port!, { path, username, password, ...more } as Partial<CamOptions>);
  expect(outcome).toBe('connected');
  return cam;
}

/** Listens as the package's README says. */
async function listenBare(url?: string, more: Partial<CamOptions> = {}) {
  const cam = await bare(url, more);
  const heard: BareEvent[] = [];
  const failures: (Error & { code?: string })[] = [];
  const emitter = cam as unknown as NodeJS.EventEmitter;
  emitter.on('eventsError', (error: Error) => failures.push(error));
  emitter.on('event', (event: BareEvent) => heard.push(event));
  cleanUps.push(() => emitter.removeAllListeners('event'));
  return { cam, heard, failures };
}

function listenOurs(url?: string): Listener {
  const target = url === undefined ? {} : targetOf(url);
  const listener = new Listener(sourceOf(running, target));
  cleanUps.push(() => listener.stop());
  return listener;
}

/** Both listen, one after the other, since some cameras have one place; each to two movements. */
async function heardByBoth(url?: string, more: Partial<CamOptions> = {}) {
  const { camera } = running;
  const { heard, failures } = await listenBare(url, more);
  const move = async () => {
    camera.motion.force(['person']);
    await delay(1_500);
    camera.motion.force([]);
    await delay(500);
  };
  await delay(500);
  await move();
  const listener = listenOurs(url);
  await until('us to listen', () => (camera.subscriptions.requests.get('SetSynchronizationPoint') ?? 0) > 0);
  camera.motion.force(['person']);
  await listener.told(true);
  return { heard, failures, ours: listener.heard };
}

async function front(camera: RunningCamera, port = 0, host?: string): Promise<SoapFront> {
  const opened = await SoapFront.open(camera.camera.deviceUrl, host, port);
  cleanUps.push(() => opened.close());
  return opened;
}

/** How long it took until something was counted so often, ms. */
async function untilCounted(what: string, count: () => number, often: number): Promise<number> {
  const since = performance.now();
  await until(what, () => count() >= often, 60_000);
  return performance.now() - since;
}

describe('where the camera refuses one subscription', () => {
  it('the package never listens again; we do', async () => {
    const { faults, motion } = take();
    faults.set('no-subscription', true);
    const { heard, failures } = await listenBare();
    const listener = listenOurs();
    await until('the refusal', () => failures.length > 0);
    await delay(1_000);
    faults.clear();
    motion.force(['person']);
    await listener.told(true);
    await delay(3_000);
    expect([heard.length, failures.length]).toEqual([0, 1]);
  });
});

describe('where the camera answers every pull at once', () => {
  it('the package asks as fast as it can, and renews each time; we ask once a second', async () => {
    const { faults, subscriptions } = take();
    const { requests } = subscriptions;
    faults.set('hot-pull', true);
    const { cam } = await listenBare();
    // As fast as it can is slower on a busy machine, and still without a pause.
    const tookMs = await untilCounted('50 pulls', () => requests.get('PullMessages') ?? 0, 50);
    (cam as unknown as NodeJS.EventEmitter).removeAllListeners('event');
    await until('the package to let go', () => subscriptions.taken === 0);
    const [pulls = 0, renewals = 0] = [requests.get('PullMessages'), requests.get('Renew')];
    expect(tookMs / pulls).toBeLessThan(250);
    expect(renewals).toBeGreaterThanOrEqual(pulls - 1);
    requests.clear();
    listenOurs();
    await until('us to listen', () => subscriptions.taken === 1);
    await delay(HURRY_MS);
    expect(requests.get('PullMessages')).toBeLessThan(8);
    expect(requests.get('Renew')).toBeUndefined();
  });
});

describe('where the camera answers pulls with nothing at all', () => {
  it('the package subscribes, pulls and unsubscribes without a pause; we take our time', async () => {
    take();
    const between = await front(running);
    between.meddle = (operation) => (operation === 'PullMessages' ? { status: 200, body: '' } : undefined);
    const url = `http://127.0.0.1:${between.port}/onvif/device_service`;
    const { cam } = await listenBare(url, { preserveAddress: true } as Partial<CamOptions>);
    await untilCounted('20 pulls', () => between.count('PullMessages'), 20);
    (cam as unknown as NodeJS.EventEmitter).removeAllListeners('event');
    await until('the package to let go', () => running.camera.subscriptions.taken === 0);
    between.asked.length = 0;
    listenOurs(url);
    await delay(HURRY_MS);
    expect(between.asked.length).toBeGreaterThan(1);
    expect(between.asked.length).toBeLessThan(40);
    expect(between.count('PullMessages')).toBeLessThan(6);
  });
});

describe('where replies tell no times', () => {
  it('the package stops; we take a minute for granted', async () => {
    take().faults.set('no-times', true);
    const { heard, ours } = await heardByBoth();
    expect(heard).toEqual([]);
    expect(ours[0]).toMatchObject({ kind: 'motion', active: true });
  });
});

describe('topics and items', () => {
  it('take the shape of the XML in the package; ours are the same for each maker', async () => {
    take('axis');
    const axis = await heardByBoth();
    take('hikvision');
    const hikvision = await heardByBoth();
    const shapes = [...axis.heard, ...hikvision.heard].map(({ topic, message }) => {
      const item = message.message.data.simpleItem as { $: { Value: unknown } };
      return `${typeof topic} ${typeof item.$.Value}`;
    });
    expect(new Set(shapes)).toEqual(new Set(['object number', 'object boolean']));
    expect(axis.ours[0]).toMatchObject({ kind: 'motion', active: true });
    expect(hikvision.ours[0]).toMatchObject({ kind: 'motion', active: true });
  });
});

describe('where the subscription is said to be at another host', () => {
  it('the package goes there with its credentials; we ask the camera, and nobody else', async () => {
    let visits = 0;
    const elsewhere = createServer((request) => {
      visits++;
      request.socket.destroy();
    }).listen(0, '127.0.0.77');
    await once(elsewhere, 'listening');
    cleanUps.push(() => elsewhere.close());
    const { faults, motion, subscriptions } = take();
    faults.set('subscription-host', `127.0.0.77:${(elsewhere.address() as AddressInfo).port}`);
    const { cam, heard } = await listenBare();
    await until('the package to go there', () => visits > 0);
    motion.force(['person']);
    await delay(2_000);
    expect(heard).toEqual([]);
    (cam as unknown as NodeJS.EventEmitter).removeAllListeners('event');
    await delay(1_000);
    visits = 0;
    subscriptions.clear();
    const listener = listenOurs();
    await listener.told(true);
    expect(visits).toBe(0);
  });
});

describe('behind NAT', () => {
  it('the package goes to the address that the camera has inside; we stay outside', async () => {
    const { faults, motion } = take();
    // Nobody is there, as seen from here.
    faults.set('xaddr-host', '127.0.0.78:9');
    const between = await front(running);
    const url = `http://127.0.0.1:${between.port}/onvif/device_service`;
    const { heard, failures } = await listenBare(url);
    await until('the package to fail', () => failures.length > 0);
    const listener = listenOurs(url);
    await until('us to listen', () => between.count('SetSynchronizationPoint') > 0);
    motion.force(['person']);
    await listener.told(true);
    expect(heard).toEqual([]);
    expect(failures[0]).toMatchObject({ code: 'ECONNREFUSED' });
    // The subscription is called what the camera calls it, wherever we reach it.
    expect(between.asked.at(-1)!.headers).toContain('http://127.0.0.78:9/onvif/subscription/');
  });
});

describe('over HTTPS, with http:// addresses', () => {
  it('the package cannot pull, even told to keep the address; we keep to HTTPS', async () => {
    const { faults, motion, certificate, secureUrl } = take();
    faults.set('http-addresses', true);
    const secure = { useSecure: true, secureOpts: { rejectUnauthorized: false }, preserveAddress: true };
    const { heard, failures } = await listenBare(secureUrl, secure as Partial<CamOptions>);
    await until('the package to fail', () => failures.length > 0);
    expect(failures[0]).toMatchObject({ code: 'ERR_INVALID_PROTOCOL' });
    const pin = new X509Certificate(certificate!).fingerprint256;
    const listener = new Listener(sourceOf(running, { ...targetOf(secureUrl!), certificate: pin }));
    cleanUps.push(() => listener.stop());
    motion.force(['person']);
    await listener.told(true);
    expect(heard).toEqual([]);
  });
});

describe('what moves when somebody begins to listen', () => {
  it('is news to the package only when it is over; we ask', async () => {
    const { motion, subscriptions } = take();
    motion.force(['person']);
    const { heard } = await listenBare();
    await until('the package to listen', () => (subscriptions.requests.get('PullMessages') ?? 0) > 0);
    await delay(1_500);
    const listener = listenOurs();
    await listener.told(true);
    expect(heard).toEqual([]);
  });
});

describe('where Renew has to carry a message identifier', () => {
  it("the package's is refused; ours is granted", async () => {
    take().faults.set('needs-message-id', true);
    const cam = await bare();
    await askBare(cam, 'createPullPointSubscription');
    await expect(askBare(cam, 'renew', {})).rejects.toThrow(/MessageID/);
    await askBare(cam, 'unsubscribe');
    const signal = new AbortController().signal;
    const connection = await OnvifConnection.open(targetOf(running.camera.deviceUrl), { clock: systemClock, signal });
    const point = await PullPoint.create(connection, systemClock, signal);
    await point.renew(signal);
    await point.unsubscribe();
    expect(running.camera.subscriptions.taken).toBe(0);
  });
});

describe('where motion never ends', () => {
  it('the package waits for ever; we make an end', async () => {
    take('tapo');
    const { heard, ours } = await heardByBoth();
    const values = heard.map(({ message }) => (message.message.data.simpleItem as { $: { Value: unknown } }).$.Value);
    expect(values).toContain(true);
    expect(values).not.toContain(false);
    running.camera.motion.force([]);
    await until('an end', () => ours.filter(({ kind, active }) => kind === 'motion' && !active).length > 0);
  });
});
