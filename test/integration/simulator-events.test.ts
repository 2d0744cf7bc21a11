import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { child, children, textAt, type XmlElement } from '../../lib/onvif/xml.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import { askBare, connectBare } from '../simulators/bare-onvif.js';
import { EventCameras, targetOf } from '../simulators/event-cameras.js';

const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';
const signal = new AbortController().signal;

let cameras: EventCameras;
beforeAll(async () => {
  cameras = await EventCameras.start([...PERSONA_NAMES, ...PERSONA_NAMES, 'generic', 'generic', 'generic', 'generic']);
});
afterAll(() => cameras.stop());

/** The events service of a camera, asked in so many words. */
async function open(persona: PersonaName = 'generic') {
  const { camera } = cameras.take(persona);
  const connection = await OnvifConnection.open(targetOf(camera.deviceUrl), { clock: systemClock, signal });
  const call = (body: string, more: { url?: string; headers?: string; deadlineMs?: number } = {}) =>
    connection.call({ service: 'events', body, ...more });
  const create = async (lifetime = 'PT60S') => {
    const time = lifetime && `<InitialTerminationTime>${lifetime}</InitialTerminationTime>`;
    const reply = await call(`<CreatePullPointSubscription xmlns="${EVENTS}">${time}</CreatePullPointSubscription>`);
    const url = textAt(reply, 'SubscriptionReference', 'Address')!;
    const id = textAt(reply, 'SubscriptionReference', 'ReferenceParameters', 'SubscriptionId');
    const headers = id && `<SubscriptionId xmlns="http://www.axis.com/2009/event">${id}</SubscriptionId>`;
    const at = { url, headers };
    const ask = (body: string) => call(body, at);
    const pull = (limit: string | number = 100, timeout = 'PT1S') =>
      ask(
        `<PullMessages xmlns="${EVENTS}"><Timeout>${timeout}</Timeout><MessageLimit>${limit}</MessageLimit></PullMessages>`,
      );
    const synchronise = () => ask(`<SetSynchronizationPoint xmlns="${EVENTS}"/>`);
    const renew = (time: string) =>
      ask(`<Renew xmlns="${NOTIFICATION}"><TerminationTime>${time}</TerminationTime></Renew>`);
    const unsubscribe = () => ask(`<Unsubscribe xmlns="${NOTIFICATION}"/>`);
    return { url, headers, reply, ask, pull, synchronise, renew, unsubscribe };
  };
  return { camera, connection, call, create };
}

/** `topic operation item=value`, of each message. */
function told(reply: XmlElement): string[] {
  return children(reply, 'NotificationMessage').map((one) => {
    const message = child(one, 'Message', 'Message')!;
    const item = child(message, 'Data', 'SimpleItem')!.attributes;
    return `${textAt(one, 'Topic')} ${message.attributes.PropertyOperation} ${item.Name}=${item.Value}`;
  });
}

const lifetime = (reply: XmlElement) =>
  Date.parse(textAt(reply, 'TerminationTime')!) - Date.parse(textAt(reply, 'CurrentTime')!);

describe('a pull point', () => {
  it('waits for news, and tells it once, no more at a time than wanted', async () => {
    const { camera, create } = await open();
    const { pull } = await create();
    const startedAt = performance.now();
    expect(told(await pull())).toEqual([]);
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    const waiting = pull(100, 'PT20S');
    setTimeout(() => camera.motion.force(['person']), 300);
    const news = told(await waiting);
    expect(news.sort()).toEqual([
      'tns1:RuleEngine/CellMotionDetector/Motion Changed IsMotion=true',
      'tns1:VideoSource/MotionAlarm Changed State=true',
    ]);
    camera.motion.force([]);
    expect(told(await pull(1))).toHaveLength(1);
    expect(told(await pull(1))).toHaveLength(1);
    expect(told(await pull(1))).toEqual([]);
  });

  it('tells the present state when it is asked for, and only to who asked', async () => {
    const { camera, create } = await open();
    const [one, other] = [await create(), await create()];
    camera.motion.force(['person']);
    for (const point of [one, other]) await point.pull();
    await one.synchronise();
    expect(told(await one.pull())).toContain('tns1:VideoSource/MotionAlarm Initialized State=true');
    expect(told(await other.pull())).toEqual([]);
  });

  it('lives as long as was granted, or renewed, and is then unknown', async () => {
    const { camera, create } = await open();
    const { reply, pull, renew, unsubscribe } = await create('PT1M30S');
    expect(lifetime(reply)).toBe(90_000);
    expect(lifetime(await renew('PT2S'))).toBe(2_000);
    expect(camera.subscriptions.taken).toBe(1);
    // A poll does not outlive its subscription.
    await pull(1, 'PT20S');
    await expect(pull()).rejects.toMatchObject({ subcode: 'ResourceUnknown' });
    await expect(unsubscribe()).rejects.toMatchObject({ subcode: 'ResourceUnknown' });
    expect(camera.subscriptions.taken).toBe(0);
  });

  it('may be given a time to end, by its clock and as its maker likes it', async () => {
    const { camera, create } = await open('hikvision');
    const at = camera.clock.now() + 120_000;
    const { renew } = await create(new Date(at).toISOString());
    const offset = new Date(at).toISOString().replace('Z', '+00:00');
    await expect(renew(offset)).rejects.toMatchObject({ subcode: 'InvalidArgVal' });
    await expect(renew('yesterday')).rejects.toMatchObject({ subcode: 'InvalidArgVal' });
    await expect(renew('1999-01-01T00:00:00Z')).rejects.toMatchObject({ subcode: 'InvalidArgVal' });
  });

  it('is asked for something that makes sense', async () => {
    const { create } = await open();
    const { pull } = await create('');
    for (const [limit, timeout] of [
      [0, 'PT1S'],
      ['many', 'PT1S'],
      [1, '1 s'],
      [1, 'PT0S'],
      [1, 'P'],
    ] as const) {
      await expect(pull(limit, timeout)).rejects.toMatchObject({ subcode: 'InvalidArgVal' });
    }
  });

  it('takes a place, of which there are few', async () => {
    const { camera, create } = await open('reolink');
    const { unsubscribe } = await create();
    await expect(create()).rejects.toMatchObject({ subcode: 'SubscribeCreationFailed' });
    await unsubscribe();
    expect(camera.subscriptions.taken).toBe(0);
    await (await create()).unsubscribe();
  });

  it.each([
    ['axis', 'one address for all, told apart by their parameters'],
    ['tapo', 'an address of its own'],
  ] as const)('of %s has %s', async (persona, _) => {
    const { camera, create } = await open(persona);
    const [one, other] = [await create(), await create()];
    expect(one.url === other.url).toBe(persona === 'axis');
    if (persona === 'tapo') expect(new URL(other.url).pathname).toBe('/event-1_2020');
    await one.unsubscribe();
    expect(camera.subscriptions.taken).toBe(1);
    await expect(one.pull()).rejects.toMatchObject({ subcode: 'ResourceUnknown' });
    await other.unsubscribe();
    expect(camera.subscriptions.taken).toBe(0);
  });

  it('is forgotten in a restart', async () => {
    const { camera, create } = await open();
    const { pull } = await create();
    await camera.reboot();
    await expect(pull()).rejects.toThrow();
    expect(camera.subscriptions.taken).toBe(0);
  });
});

describe('what a camera can tell', () => {
  it.each(PERSONA_NAMES)('is listed by %s, as a library that nobody here wrote reads it', async (persona) => {
    const { camera } = cameras.take(persona);
    const { port, path, username, password } = targetOf(camera.deviceUrl);
    const { cam } = await connectBare(port!, { path, username, password } as object);
    const { topicSet } = (await askBare(cam, 'getEventProperties')) as { topicSet: Record<string, unknown> };
    for (const { topic } of camera.persona.events.signals) {
      const last = topic.split('/').at(-1)!.replace(/^.*:/, '');
      expect(JSON.stringify(topicSet).toLowerCase()).toContain(`"${last.toLowerCase()}"`);
    }
    const { WSPullPointSupport } = (await askBare(cam, 'getEventServiceCapabilities')) as Record<string, unknown>;
    expect(WSPullPointSupport).toBe(persona !== 'axis');
  });
});
