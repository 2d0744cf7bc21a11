import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { parseTime, readPulled } from '../../../lib/onvif/notifications.js';
import { type EventCaller, type EventRequest, PullPoint } from '../../../lib/onvif/pull-point.js';
import { child, parseXml, textAt } from '../../../lib/onvif/xml.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const never = new AbortController().signal;

let clock: FakeClock;
let asked: EventRequest[];
beforeEach(() => {
  clock = new FakeClock();
  asked = [];
});

/** A camera that gives these answers in turn, the last one for ever. */
function answering(...replies: string[]): EventCaller {
  return {
    target: { host: '192.0.2.1', port: 8000 },
    call: async (request) => {
      asked.push(request);
      return parseXml(replies.length > 1 ? replies.shift()! : replies[0]!);
    },
    rewrite: (uri) => uri.replace('10.0.0.9', '192.0.2.1'),
  };
}

/** The same, but for a port at which nobody answers. */
function closedAt(port: number, code: string, caller: EventCaller): EventCaller {
  const call = caller.call.bind(caller);
  return {
    ...caller,
    call: async (request) => {
      const reply = await call(request);
      if (request.url?.includes(`:${port}/`)) throw new Failure('nobody', { kind: 'transient', code });
      return reply;
    },
  };
}

const times = (now: string, end: string) =>
  `<CurrentTime>${now}</CurrentTime><TerminationTime>${end}</TerminationTime>`;
const created = (inner: string) =>
  `<CreatePullPointSubscriptionResponse xmlns:w="urn:w"><w:SubscriptionReference>${inner}</w:SubscriptionReference>` +
  `${times('2026-01-01T00:00:00Z', '2026-01-01T00:02:00Z')}</CreatePullPointSubscriptionResponse>`;
const address = '<Address> http://10.0.0.9:2020/event-1_2020?a=1&amp;b=2 </Address>';
const headersOf = ({ headers }: EventRequest) => parseXml(`<h>${headers}</h>`);

describe('a subscription', () => {
  it('is asked at its own address, with a deadline a little above the long poll', async () => {
    const point = await PullPoint.create(answering(created(address)), clock, never);
    await point.pull(10_000, 100, never);
    expect(asked.map(({ url }) => url)).toEqual([undefined, 'http://10.0.0.9:2020/event-1_2020?a=1&b=2']);
    const body = parseXml(asked[1]!.body);
    expect([textAt(body, 'Timeout'), textAt(body, 'MessageLimit')]).toEqual(['PT10S', '100']);
    expect(asked[1]!.deadlineMs).toBeGreaterThan(10_000);
    expect(asked[1]!.deadlineMs).toBeLessThan(20_000);
  });

  it.each(['unreachable', 'timed-out'])('whose port is %s is asked where the camera answers', async (code) => {
    const point = await PullPoint.create(closedAt(2020, code, answering(created(address))), clock, never);
    await point.synchronise(never);
    await point.renew(never);
    const other = 'http://192.0.2.1:8000/event-1_2020?a=1&b=2';
    expect(asked.slice(2).map(({ url }) => url)).toEqual([other, other]);
  });

  it('is not looked for elsewhere once it has answered, nor for a fault', async () => {
    const caller = answering(created(address));
    const point = await PullPoint.create(caller, clock, never);
    caller.call = closedAt(2020, 'soap-fault', caller).call;
    await expect(point.synchronise(never)).rejects.toMatchObject({ code: 'soap-fault' });
    caller.call = answering('<r/>').call;
    await point.synchronise(never);
    caller.call = closedAt(2020, 'timed-out', answering('<r/>')).call;
    await expect(point.synchronise(never)).rejects.toMatchObject({ code: 'timed-out' });
  });

  it('is told what the camera wants back, and nothing a camera could have slipped in', async () => {
    const parameters =
      '<ReferenceParameters><x:SubscriptionId xmlns:x="http://www.axis.com/2009/event" kind="&lt;q&gt;">7&lt;/a&gt;</x:SubscriptionId></ReferenceParameters>';
    const point = await PullPoint.create(answering(created(address + parameters)), clock, never);
    await point.renew(never);
    const id = child(headersOf(asked[1]!), 'SubscriptionId')!;
    expect(id).toMatchObject({ namespace: 'http://www.axis.com/2009/event', text: '7</a>', children: [] });
    expect({ ...id.attributes }).toEqual({ kind: '<q>', IsReferenceParameter: 'true' });
  });

  it('names the action of each request', async () => {
    const point = await PullPoint.create(answering(created(address)), clock, never);
    await point.renew(never);
    await point.synchronise(never);
    await point.unsubscribe();
    expect(asked.map(({ action }) => /(\w+)Request$/.exec(action)?.[1])).toEqual([
      'CreatePullPointSubscription',
      'Renew',
      'SetSynchronizationPoint',
      'Unsubscribe',
    ]);
  });

  it.each([
    ['two minutes', times('2026-01-01T00:00:00Z', '2026-01-01T00:02:00Z'), 120_000],
    ['two minutes in 1970', times('1970-01-01T00:00:00', '1970-01-01T00:02:00'), 120_000],
    ['a minute, if it says nothing', '', 60_000],
    ['a minute, if one time is missing', '<TerminationTime>2026-01-01T00:02:00Z</TerminationTime>', 60_000],
    ['a minute, if the times are none', times('0000-00-00T00:00:00Z', '0000-00-00T00:00:00Z'), 60_000],
    ['a minute, if it has ended already', times('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'), 60_000],
    ['an hour at most', times('2026-01-01T00:00:00Z', '2036-01-01T00:00:00Z'), 3_600_000],
  ])('lives for %s', async (_, granted, expected) => {
    const reply = `<r><SubscriptionReference>${address}</SubscriptionReference>${granted}</r>`;
    const point = await PullPoint.create(answering(reply), clock, never);
    expect([point.expiresAt, point.renewAt]).toEqual([expected, expected / 2]);
  });

  it('is prolonged by pulling where the camera says so, but never shortened', async () => {
    const soon = `<r>${times('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z')}</r>`;
    const late = `<r>${times('2026-01-01T00:00:00Z', '2026-01-01T00:10:00Z')}</r>`;
    const point = await PullPoint.create(answering(created(address), soon, late), clock, never);
    await point.pull(1_000, 1, never);
    expect(point.expiresAt).toBe(120_000);
    await point.pull(1_000, 1, never);
    expect(point.expiresAt).toBe(600_000);
  });

  it('without an address is none', async () => {
    await expect(PullPoint.create(answering('<r/>'), clock, never)).rejects.toMatchObject({ code: 'not-onvif' });
  });

  it('says whether its place is free again', async () => {
    const caller = answering(created(address));
    const point = await PullPoint.create(caller, clock, never);
    for (const code of ['unreachable', 'timed-out']) {
      expect(await point.unsubscribe(closedAt(2020, code, closedAt(8000, code, answering('<r/>'))))).toBe(false);
    }
    // Whoever restarted knows of no subscription, and so has none.
    expect(await point.unsubscribe(closedAt(8000, 'soap-fault', answering('<r/>')))).toBe(true);
    expect(await point.unsubscribe(answering('<r/>'))).toBe(true);
  });
});

describe('a reply to PullMessages', () => {
  const item = (name: string, value: string) => `<SimpleItem Name="${name}" Value="${value}"/>`;
  const message = (inner: string) => `<m:NotificationMessage xmlns:m="urn:m">${inner}</m:NotificationMessage>`;
  const body = `<Source>${item('Source', '1')}</Source><Data>${item('State', 'true')}${item('__proto__', '1')}</Data>`;

  it('is read whatever its prefixes, with one Message inside another or alone', () => {
    const topic = '<m:Topic Dialect="d">tns1:VideoSource/MotionAlarm</m:Topic>';
    const attributes = 'UtcTime="2026-01-01T00:00:05Z" PropertyOperation="Changed"';
    const pulled = readPulled(
      parseXml(
        `<r><CurrentTime>2026-01-01T00:00:07Z</CurrentTime>${message(`${topic}<m:Message><tt:Message ${attributes}>${body}</tt:Message></m:Message>`)}` +
          `${message(`${topic}<m:Message ${attributes}>${body}</m:Message>`)}${message('')}</r>`,
      ),
    );
    expect(pulled.cameraNow).toBe(Date.UTC(2026, 0, 1, 0, 0, 7));
    const [first, second, empty] = pulled.notifications;
    expect(first).toEqual({
      topic: 'tns1:VideoSource/MotionAlarm',
      operation: 'Changed',
      cameraAt: Date.UTC(2026, 0, 1, 0, 0, 5),
      source: new Map([['Source', '1']]),
      data: new Map([
        ['State', 'true'],
        ['__proto__', '1'],
      ]),
    });
    expect(second).toEqual(first);
    expect(empty).toMatchObject({ topic: '', cameraAt: undefined, data: new Map() });
  });

  it('with endless messages is read to a limit', () => {
    expect(readPulled(parseXml(`<r>${message('').repeat(5_000)}</r>`)).notifications).toHaveLength(1_000);
  });

  it.each([
    ['2026-05-03T12:00:00Z', Date.UTC(2026, 4, 3, 12)],
    ['2026-05-03T12:00:00.250Z', Date.UTC(2026, 4, 3, 12, 0, 0, 250)],
    ['2026-05-03T12:00:00+02:00', Date.UTC(2026, 4, 3, 10)],
    ['2026-05-03T12:00:00', Date.UTC(2026, 4, 3, 12)],
    ['0000-00-00T00:00:00Z', undefined],
    ['soon', undefined],
  ])('%j is a time, or none', (text, expected) => {
    expect(parseTime(text)).toBe(expected);
  });
});
