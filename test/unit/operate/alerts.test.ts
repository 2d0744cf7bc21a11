import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertsSchema } from '../../../src/config/alerts.js';
import { testMessage } from '../../../src/operate/alerts/message.js';
import { postAlert } from '../../../src/operate/alerts/post.js';
import { AlertSender } from '../../../src/operate/alerts/sender.js';
import { AlertWatch } from '../../../src/operate/alerts/watch.js';
import type { Condition } from '../../../src/operate/conditions.js';
import { until } from '../../peers/until.js';
import { Hearer } from '../../simulators/hearer.js';
import { Storage } from '../../simulators/storage.js';

const SECRET = 'hush-hush-hook';
let storage: Storage;
let hearer: Hearer;
let wrong: Condition[];
let stop: AbortController;
let running: Promise<unknown>;

beforeEach(async () => {
  storage = new Storage();
  hearer = new Hearer();
  await hearer.listen();
  wrong = [];
  stop = new AbortController();
  running = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await running;
  await hearer.close();
  storage.close();
});

const target = (more: object = {}) =>
  alertsSchema.parse({ phone: { url: hearer.url(`/${SECRET}`), allow_cleartext: true, token: SECRET, ...more } })
    .phone!;

/** As a start of the recorder: watch and sender over the same ledger. */
function start(settings = target()): AlertSender {
  stop = new AbortController();
  const { ledger, clock, log } = storage;
  const sender = new AlertSender({
    ...{ target: 'phone', site: 'home', ledger, clock, log },
    send: (message, signal) => postAlert(settings, message, signal),
  });
  const watch = new AlertWatch({
    ...{ conditions: async () => wrong, targets: ['phone'], onNews: sender.poke, ledger, clock, log },
  });
  running = Promise.all([watch.run(stop.signal), sender.run(stop.signal)]);
  return sender;
}

/** Time passes in steps, so that a request on a real socket is answered between two of them. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 5) await storage.clock.advance(5_000);
}
const toHear = (count: number) => until(`${count} messages`, () => hearer.heard.length >= count);
const told = () => hearer.heard.map(({ body }) => JSON.parse(body));

const GATE: Condition = { id: 'camera-silent:gate', text: 'gate is not recording: it sends nothing' };
const YARD: Condition = { id: 'camera-silent:yard', text: 'yard is not recording: it sends nothing' };

describe('alerts', () => {
  it('tell once that a condition began, within a minute, and once that it ended, whatever is said of it meanwhile', async () => {
    wrong = [GATE];
    start();
    await pass(30);
    await toHear(1);
    const began = '2026-05-03T12:00:00.000Z';
    expect(told()[0]).toMatchObject({
      ...{ event: 'alert', site: 'home', title: 'nvr-uplink home: a problem', ended: [] },
      begun: [{ ...GATE, begunAt: began }],
      text: `nvr-uplink home: a problem\n${began} ${GATE.text}`,
    });
    expect(hearer.heard[0]!.headers).toMatchObject({
      ...{ authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' },
    });
    wrong = [{ ...GATE, text: 'gate is not recording: no route to it' }];
    await pass(900);
    expect(hearer.heard).toHaveLength(1);
    wrong = [];
    await pass(130);
    await toHear(2);
    expect(told()[1]).toMatchObject({
      begun: [],
      ended: [{ id: GATE.id, begunAt: began, endedAt: expect.any(String) }],
    });
    await pass(900);
    expect(hearer.heard).toHaveLength(2);
  });

  it('are silent about what mends itself at once, and one alert of what comes and goes', async () => {
    start();
    for (let n = 0; n < 10; n++) {
      wrong = n % 2 === 0 ? [GATE] : [];
      await pass(15);
    }
    expect(hearer.heard).toHaveLength(0);
    wrong = [GATE];
    await pass(30);
    await toHear(1);
    for (let n = 0; n < 20; n++) {
      wrong = n % 2 === 0 ? [] : [GATE];
      await pass(60);
    }
    expect(hearer.heard).toHaveLength(1);
  });

  it('of many cameras at one moment are one message', async () => {
    start();
    wrong = Array.from({ length: 30 }, (_, n) => ({ id: `camera-silent:c${n}`, text: `c${n} is silent` }));
    await pass(30);
    await toHear(1);
    await pass(60);
    expect(told().map(({ title, begun }) => [title, begun.length])).toEqual([['nvr-uplink home: 30 problems', 30]]);
  });

  it('are sent until they are taken, with pauses that grow, and nothing is lost meanwhile', async () => {
    hearer.answers = ['hang-up', 500, 503, 404, 'hang-up'];
    const sender = start();
    wrong = [GATE];
    await pass(25);
    await until('the first refusal', () => sender.problem !== undefined);
    wrong = [GATE, YARD];
    await until('a message that is taken', async () => {
      await pass(15);
      return hearer.heard.length > 0;
    });
    const pauses = storage.lines.flatMap((line) => /retry in (\d+) ms/.exec(line)?.[1] ?? []).map(Number);
    expect(pauses.map((ms, n) => ms >= 2_500 * 2 ** n && ms <= 5_000 * 2 ** n)).toEqual([true, true, true, true, true]);
    await toHear(1);
    expect(told().flatMap(({ begun }) => begun.map(({ id }: Condition) => id))).toEqual([GATE.id, YARD.id]);
    await until('nothing is left', () => storage.ledger.alerts.news('phone', 9).length === 0);
    expect(sender.problem).toBeUndefined();
    expect(new Set(hearer.asked)).toEqual(new Set([`/${SECRET}`]));
  });

  it('survive a restart: what was not told is told, and what was told is not told again', async () => {
    hearer.answers = Array.from({ length: 50 }, () => 500);
    const sender = start();
    wrong = [GATE];
    await pass(25);
    await until('a refusal', () => sender.problem !== undefined);
    stop.abort();
    await running;
    storage.restart();
    hearer.answers = [];
    start();
    await toHear(1);
    await pass(120);
    stop.abort();
    await running;
    storage.restart();
    start();
    await pass(300);
    expect(told().map(({ begun, ended }) => [begun.length, ended.length])).toEqual([[1, 0]]);
  });

  it('go where the configuration says and nowhere else, and no log, error or status names the secret of the address', async () => {
    hearer.answers = ['moved'];
    const sender = start();
    wrong = [GATE];
    await pass(25);
    await until('a refusal', () => sender.problem !== undefined);
    expect(sender.problem).toMatch(/^127\.0\.0\.1:\d+ sends elsewhere \(302\)\. Check its `url`/);
    await expect(
      postAlert(target({ url: 'http://127.0.0.1:9/' }), testMessage('home', 0), stop.signal),
    ).rejects.toThrow();
    expect(hearer.asked).toEqual([`/${SECRET}`]);
    expect(`${storage.lines.join('')}${sender.problem}`).not.toContain(SECRET);
    expect(storage.lines.join('')).toContain('an alert is not told');
  });

  it('reach a topic of ntfy as it wants them', async () => {
    wrong = [GATE];
    start(target({ type: 'ntfy' }));
    await pass(25);
    await toHear(1);
    expect(hearer.heard[0]).toMatchObject({
      headers: {
        title: 'nvr-uplink home: a problem',
        priority: 'high',
        tags: 'warning',
        authorization: `Bearer ${SECRET}`,
      },
      body: `2026-05-03T12:00:00.000Z ${GATE.text}`,
    });
  });
});
