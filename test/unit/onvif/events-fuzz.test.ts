import { expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { MotionStates } from '../../../lib/onvif/motion-states.js';
import { readPulled } from '../../../lib/onvif/notifications.js';
import { motionSignals } from '../../../lib/onvif/topics.js';
import { parseXml } from '../../../lib/onvif/xml.js';

const REPLIES = 10_000;
const SEED = 20_260_503;

const item = (name: string, value: string) => `<tt:SimpleItem Name="${name}" Value="${value}"/>`;
const notification = (topic: string, name: string, value: string) =>
  `<n:NotificationMessage><n:Topic Dialect="x">${topic}</n:Topic><n:Message><tt:Message UtcTime="2026-05-03T12:00:00Z" PropertyOperation="Changed">` +
  `<tt:Source>${item('VideoSourceConfigurationToken', 'v')}${item('Rule', 'r')}</tt:Source><tt:Data>${item(name, value)}</tt:Data></tt:Message></n:Message></n:NotificationMessage>`;
const WHOLE =
  '<e:PullMessagesResponse xmlns:e="urn:e" xmlns:n="urn:n" xmlns:tt="urn:tt"><e:CurrentTime>2026-05-03T12:00:01Z</e:CurrentTime><e:TerminationTime>2026-05-03T12:05:00Z</e:TerminationTime>' +
  notification('tns1:RuleEngine/CellMotionDetector/Motion', 'IsMotion', 'true') +
  notification('tns1:RuleEngine/PeopleDetector/People', 'IsPeople', 'false') +
  notification('tns1:RuleEngine/ObjectDetection/Object', 'ClassTypes', 'Human,Vehicle') +
  '</e:PullMessagesResponse>';

/** What replaces a piece: things that mean something somewhere. */
const PIECES = [
  '',
  '<',
  '/>',
  '"',
  'true',
  'false',
  '__proto__',
  'constructor',
  '0000-00-00T00:00:00Z',
  '\0',
  'Motion/',
  '&amp;',
  '😀',
  '<tt:Message/>',
  ' '.repeat(300),
];

/** Repeatable numbers below `limit` (xorshift32). */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Where values stand: between quotes, and between tags. */
const VALUES = [...WHOLE.matchAll(/"[^"]*"|>[^<]+</g)].map(
  ({ index, 0: { length } }) => [index + 1, length - 2] as const,
);

/** One to four pieces put in the place of others: of values, so that it can still be read, or anywhere. */
function mutated(roll: (limit: number) => number): string {
  let text = WHOLE;
  const anywhere = roll(3) === 0;
  const spots = Array.from({ length: 1 + roll(4) }, () =>
    anywhere ? ([roll(WHOLE.length), roll(40)] as const) : VALUES[roll(VALUES.length)]!,
  );
  // From the end, so that the places before stay what they are.
  for (const [at, size] of spots.sort(([one], [other]) => other - one)) {
    const copied = WHOLE.slice(roll(WHOLE.length)).slice(0, roll(60));
    const piece = anywhere && roll(3) === 0 ? copied : PIECES[roll(PIECES.length)]!;
    text = text.slice(0, at) + piece + text.slice(at + size);
  }
  return text;
}

it(`${REPLIES} damaged replies are read or refused, and beginnings and ends still come by turns`, () => {
  const roll = dice(SEED);
  const states = new MotionStates({ holdOffMs: 30_000 });
  const active = new Map<string, boolean>();
  let [read, refused, changes] = [0, 0, 0];
  for (let n = 0; n < REPLIES; n++) {
    const now = { wall: n * 100, monotonic: n * 100 };
    try {
      const { notifications } = readPulled(parseXml(mutated(roll)));
      read++;
      const told = notifications.flatMap(motionSignals).flatMap((signal) => states.observe(signal, now));
      for (const { kind, source, active: is } of [...told, ...states.expire(now)]) {
        const key = JSON.stringify([kind, source]);
        expect(is).not.toBe(active.get(key) ?? false);
        active.set(key, is);
        changes++;
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      expect(error.code).toBe('xml-invalid');
      refused++;
    }
  }
  expect(read).toBeGreaterThan(REPLIES / 20);
  expect(refused).toBeGreaterThan(REPLIES / 20);
  expect(changes).toBeGreaterThan(100);
  expect(active.size).toBeLessThan(100);
});
