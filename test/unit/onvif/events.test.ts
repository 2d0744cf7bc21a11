import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { type MotionChange, type MotionHealth, motionEvents } from '../../../lib/onvif/events.js';
import { SoapFault } from '../../../lib/onvif/failures.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { hungUp, ScriptedEvents, soapFault, timedOut } from '../../simulators/scripted-events.js';

let clock: FakeClock;
let camera: ScriptedEvents;
let stop: AbortController;
let seen: (MotionChange & { monotonic: number })[];
let health: MotionHealth[];
let connections: number;
let refuse: Failure | undefined;
let listening: Promise<void> | undefined;

beforeEach(() => {
  clock = new FakeClock();
  camera = new ScriptedEvents(clock);
  stop = new AbortController();
  [seen, health, connections, refuse, listening] = [[], [], 0, undefined, undefined];
});
afterEach(async () => {
  stop.abort();
  await settled();
});

function listen(holdOffMs?: number): void {
  const options = {
    connect: async () => {
      connections++;
      if (refuse) throw refuse;
      return camera;
    },
    clock,
    holdOffMs,
    report: (one: MotionHealth) => health.push(one),
    random: () => 1,
  };
  listening = (async () => {
    for await (const change of motionEvents(options, stop.signal))
      seen.push({ ...change, monotonic: clock.monotonic() });
  })();
}

/** Everything has ended, however long the camera takes over it. */
async function settled(): Promise<void> {
  let done = false;
  const end = listening?.then(() => {
    done = true;
  });
  for (let n = 0; listening && !done && n < 100; n++) await clock.advance(500);
  await end;
}

const told = () => seen.map(({ active }) => active);
const requestsPerMinute = (from: number) => camera.log.filter(({ at }) => at >= from && at < from + 60_000).length;

describe('motion', () => {
  it('is told as it begins and ends, dated by our clock whatever the year is in the camera', async () => {
    listen();
    await clock.advance(5_000);
    camera.move(true);
    await clock.advance(3_000);
    camera.move(false);
    await clock.advance(3_000);
    expect(told()).toEqual([true, false]);
    const start = clock.now() - clock.monotonic();
    expect(seen.map(({ at, kind, source }) => [at - start, kind, source])).toEqual([
      [5_000, 'motion', 'v'],
      [8_000, 'motion', 'v'],
    ]);
  });

  it('that was there before is told at once, as of when it is known', async () => {
    camera.move(true);
    listen();
    await clock.advance(1_000);
    expect(told()).toEqual([true]);
  });

  it('is dated by when it happened where the camera tells that, if it is credible', async () => {
    camera.hurries = true;
    listen();
    await clock.advance(5_400);
    camera.move(true);
    camera.eventsOffMs = -3_600_000;
    camera.move(false);
    camera.eventsOffMs = 3_600_000;
    camera.move(true);
    await clock.advance(1_000);
    const start = clock.now() - clock.monotonic();
    expect(seen.map(({ at, monotonic }) => [at - start, monotonic])).toEqual([
      [5_400, 6_000],
      [6_000, 6_000],
      [6_000, 6_000],
    ]);
  });

  it('of a camera that tells ends ends soon too where the camera is gone in the middle of it', async () => {
    listen();
    await clock.advance(5_000);
    for (const active of [true, false, true]) camera.move(active);
    await clock.advance(60_000);
    camera.trouble = timedOut;
    refuse = timedOut();
    await clock.advance(60_000);
    expect(told()).toEqual([true, false, true, false]);
  });

  it('is not asked for before somebody listens', async () => {
    const unheard = motionEvents({ connect: async () => camera, clock }, stop.signal);
    await clock.advance(10_000);
    expect(camera.log).toEqual([]);
    await unheard.return();
  });

  it('ends by itself when the camera never says so', async () => {
    listen(20_000);
    await clock.advance(5_000);
    camera.move(true);
    camera.trouble = (operation) => (operation === 'PullMessages' ? 'hang' : undefined);
    await clock.advance(40_000);
    expect(told()).toEqual([true, false]);
    expect(seen[1]!.monotonic - seen[0]!.monotonic).toBe(20_000);
  });

  it('that lasts is not cut short though the camera has never told an end before', async () => {
    listen();
    await clock.advance(5_000);
    camera.move(true);
    await clock.advance(200_000);
    camera.move(false);
    await clock.advance(1_000);
    expect(told()).toEqual([true, false]);
    expect(seen[1]!.monotonic - seen[0]!.monotonic).toBe(200_000);
  });

  it('is asked about once, of a camera that tells neither the end nor its present state', async () => {
    listen();
    await clock.advance(5_000);
    camera.trouble = (operation) => (operation === 'SetSynchronizationPoint' ? '<r/>' : undefined);
    const before = camera.count('SetSynchronizationPoint');
    camera.move(true);
    await clock.advance(120_000);
    expect(told()).toEqual([true, false]);
    expect(seen[1]!.monotonic - seen[0]!.monotonic).toBe(30_000);
    expect(camera.count('SetSynchronizationPoint') - before).toBe(1);
  });

  it('of a camera that tells ends is asked about when it goes on for long, and believed', async () => {
    listen();
    await clock.advance(2_000);
    for (const active of [true, false, true]) {
      camera.move(active);
      await clock.advance(2_000);
    }
    const before = camera.count('SetSynchronizationPoint');
    await clock.advance(20 * 60_000);
    expect(told()).toEqual([true, false, true]);
    expect(camera.count('SetSynchronizationPoint') - before).toBe(4);
    // The word of its end is lost: the next answer tells it.
    camera.move(false, { tell: false });
    await clock.advance(5 * 60_000);
    expect(told()).toEqual([true, false, true, false]);
  });
});

describe('the subscription', () => {
  it('is renewed at half of what was granted', async () => {
    camera.grantMs = 120_000;
    listen();
    await clock.advance(600_000);
    const renewals = camera.log.filter(({ operation }) => operation === 'Renew').map(({ at }) => at);
    expect(renewals.length).toBe(10);
    for (const [n, at] of renewals.entries()) expect(Math.abs(at - 60_000 * (n + 1))).toBeLessThan(1_000);
    expect(camera.count('CreatePullPointSubscription')).toBe(1);
  });

  it('is renewed in time though the camera tells no times', async () => {
    camera.grantMs = 60_000;
    camera.tellsTimes = false;
    listen();
    await clock.advance(600_000);
    expect(camera.count('CreatePullPointSubscription')).toBe(1);
    expect(camera.count('Renew')).toBeGreaterThan(9);
    expect(camera.count('Renew')).toBeLessThan(21);
  });

  it('that cannot be renewed is replaced before it ends, and motion goes on', async () => {
    camera.grantMs = 120_000;
    camera.trouble = (operation) => (operation === 'Renew' ? soapFault() : undefined);
    listen();
    await clock.advance(2_000);
    camera.move(true);
    camera.move(false);
    camera.move(true);
    await clock.advance(600_000);
    expect(told()).toEqual([true, false, true]);
    expect(camera.subscriptions.size).toBe(1);
    expect(camera.count('CreatePullPointSubscription')).toBeLessThan(7);
    // Never was a pull answered with a fault: each new one came before the old one was over.
    expect(camera.count('Renew')).toBeLessThan(40);
  });

  it('that is lost is replaced within 30 s, and what moves then is told', async () => {
    listen();
    await clock.advance(5_000);
    camera.subscriptions.clear();
    camera.move(true);
    const lostAt = clock.monotonic();
    await clock.advance(30_000);
    expect(told()).toEqual([true]);
    expect(seen[0]!.monotonic - lostAt).toBeLessThan(15_000);
    expect(health.map(({ state }) => state)).toEqual(['listening', 'lost', 'listening']);
  });

  it('is reported as soon as it is proven, though nothing moves', async () => {
    camera.trouble = (operation) => (operation === 'SetSynchronizationPoint' ? soapFault() : undefined);
    listen();
    await clock.advance(1_500);
    expect(health).toEqual([{ state: 'listening' }]);
  });

  it('is tried again soon after it has lived for a while, however hard it was to come by', async () => {
    refuse = timedOut();
    listen();
    await clock.advance(60_000);
    refuse = undefined;
    await clock.advance(60_000);
    expect(health.at(-1)).toEqual({ state: 'listening' });
    camera.subscriptions.clear();
    await clock.advance(11_000);
    const lost = health.filter((one) => one.state === 'lost').map(({ retryMs }) => retryMs);
    expect(lost.slice(-2)).toEqual([10_000, 1_000]);
  });

  it('survives one failing CreatePullPointSubscription', async () => {
    let failures = 1;
    camera.trouble = (operation) =>
      operation === 'CreatePullPointSubscription' && failures-- > 0 ? soapFault() : undefined;
    listen();
    await clock.advance(5_000);
    camera.move(true);
    await clock.advance(1_000);
    expect(told()).toEqual([true]);
  });

  it('is found anew wherever the camera is now', async () => {
    listen();
    await clock.advance(5_000);
    const old = camera;
    old.trouble = () => timedOut();
    camera = new ScriptedEvents(clock);
    camera.move(true);
    await clock.advance(30_000);
    expect(told()).toEqual([true]);
    expect(connections).toBeGreaterThan(1);
  });

  it('that could not be given back is given back once the camera answers again', async () => {
    listen();
    await clock.advance(5_000);
    camera.trouble = () => 'hang';
    await clock.advance(60_000);
    camera.trouble = () => undefined;
    await clock.advance(15_000);
    expect(camera.subscriptions.size).toBe(1);
    expect(camera.count('CreatePullPointSubscription')).toBeGreaterThan(1);
  });

  it('of a camera without power is noticed when its reply is overdue, and is back within 30 s of its return', async () => {
    listen();
    await clock.advance(5_000);
    camera.trouble = () => 'hang';
    refuse = timedOut();
    await clock.advance(10 * 60_000);
    expect(health.at(-1)!.state).toBe('lost');
    camera.trouble = () => undefined;
    refuse = undefined;
    camera.move(true);
    await clock.advance(30_000);
    expect(told()).toEqual([true]);
  });
});

describe('the camera', () => {
  it('that answers each pull at once is asked once a second', async () => {
    camera.trouble = (operation) => (operation === 'PullMessages' ? '<r/>' : undefined);
    listen();
    await clock.advance(60_000);
    expect(requestsPerMinute(0)).toBeLessThanOrEqual(65);
    expect(camera.count('PullMessages')).toBeGreaterThan(50);
  });

  it.each<[string, () => Failure | string]>([
    ['faults', soapFault],
    ['nothing at all', () => '<r/>'],
  ])('that answers everything with %s is not hammered', async (_, answer) => {
    camera.trouble = answer;
    listen();
    await clock.advance(10 * 60_000);
    expect(requestsPerMinute(0)).toBeLessThan(20);
    expect(requestsPerMinute(9 * 60_000)).toBeLessThan(12);
  });

  it('that subscribes and then faults is not hammered either', async () => {
    camera.trouble = (operation) => (operation === 'PullMessages' ? soapFault() : undefined);
    listen();
    await clock.advance(10 * 60_000);
    expect(requestsPerMinute(9 * 60_000)).toBeLessThan(40);
    expect(health.every(({ state }) => state === 'lost')).toBe(true);
  });

  it.each(['sign-in-refused', 'service-missing', 'certificate-changed'])(
    'with %s is not asked again and again',
    async (code) => {
      refuse = new Failure('refused', { kind: 'permanent', code });
      listen();
      await clock.advance(30_000);
      expect(connections).toBe(2);
      await clock.advance(60 * 60_000);
      expect(connections).toBeLessThan(20);
    },
  );

  it('that refuses a subscription is reported with what a person can do', async () => {
    const fault = new SoapFault('camera', { subcode: 'SubscribeCreationFailed', reason: 'full', isOurs: false });
    camera.trouble = () => fault;
    listen();
    await clock.advance(100);
    const [lost] = health;
    expect(lost).toMatchObject({
      state: 'lost',
      failure: { code: 'subscription-refused', kind: 'transient', cause: fault },
    });
    expect(JSON.stringify(lost)).toContain('Home Assistant');
  });

  it('that hangs up when there is nothing to tell is asked again, and keeps its subscription', async () => {
    const call = camera.call.bind(camera);
    camera.call = async (request) => {
      const reply = await call(request);
      if (request.body.includes('PullMessages') && reply.children.length === 2) throw hungUp();
      return reply;
    };
    listen();
    await clock.advance(120_000);
    expect(camera.count('CreatePullPointSubscription')).toBe(1);
    camera.move(true);
    await clock.advance(1_000);
    expect(told()).toEqual([true]);
  });
});

describe('a connection broken', () => {
  it('at each pull, and at once, is no quiet camera', async () => {
    camera.trouble = (operation) => (operation === 'PullMessages' ? hungUp() : undefined);
    listen();
    await clock.advance(60_000);
    expect(health.every(({ state }) => state === 'lost')).toBe(true);
    expect(camera.count('CreatePullPointSubscription')).toBeGreaterThan(2);
  });
});

describe('stopping', () => {
  it('gives the place at the camera back, in the middle of a long poll', async () => {
    listen();
    await clock.advance(5_000);
    expect(camera.subscriptions.size).toBe(1);
    stop.abort();
    await clock.advance(0);
    await listening;
    expect(camera.subscriptions.size).toBe(0);
  });

  it('gives it back when the listener just leaves', async () => {
    camera.move(true);
    listening = (async () => {
      for await (const _ of motionEvents({ connect: async () => camera, clock }, stop.signal)) break;
    })();
    await settled();
    expect(camera.count('PullMessages')).toBe(1);
    expect(camera.subscriptions.size).toBe(0);
  });

  it('gives it back though it was stopped while the camera subscribed it', async () => {
    const call = camera.call.bind(camera);
    camera.call = async (request) => {
      const reply = await call(request);
      if (request.body.includes('CreatePullPoint')) await clock.sleep(1_500, request.signal);
      if (request.signal?.aborted) throw new Failure('aborted', { kind: 'aborted', code: 'aborted' });
      return reply;
    };
    listen();
    await clock.advance(500);
    stop.abort();
    await settled();
    expect(camera.count('CreatePullPointSubscription')).toBe(1);
    expect(camera.subscriptions.size).toBe(0);
  });

  it.each([
    ['any more', 5_000],
    ['from the first', 0],
  ])('does not wait for a camera that does not answer %s', async (_, untilMs) => {
    if (untilMs === 0) camera.trouble = () => 'hang';
    listen();
    await clock.advance(untilMs);
    camera.trouble = () => 'hang';
    let ended = false;
    void listening!.then(() => {
      ended = true;
    });
    stop.abort();
    await clock.advance(2_500);
    expect(ended).toBe(true);
  });

  it('is heard while waiting to try again', async () => {
    refuse = timedOut();
    listen();
    await clock.advance(60_000);
    stop.abort();
    await clock.advance(0);
    await listening;
    expect(clock.sleeping).toBe(0);
  });
});
