import { expect, it } from 'vitest';
import { InFlight } from '../../../lib/objects/in-flight.js';

const KB = 1024;
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('lets no more be asked for than a line holds, and the newest jump goes first, in order', async () => {
  const inFlight = new InFlight();
  const started: string[] = [];
  const ask = async (name: string, kilobytes: number, turn: number) => {
    const arrive = await inFlight.take(kilobytes * KB, turn);
    started.push(name);
    return arrive;
  };
  const whole = ask('whole', 200, 1);
  for (const name of ['old a', 'old b']) void ask(name, 100, 1);
  void ask('new a', 100, 2);
  void ask('new b', 100, 2);
  await settle();
  expect(started).toEqual(['whole']);
  (await whole)();
  await settle();
  expect(started).toEqual(['whole', 'new a', 'new b']);
});

it('lets through alone what is larger than all of it', async () => {
  const inFlight = new InFlight();
  const arrive = await inFlight.take(9_000 * KB, 1);
  let hasStarted = false;
  const second = inFlight.take(9_000 * KB, 1).then(() => {
    hasStarted = true;
  });
  await settle();
  expect(hasStarted).toBe(false);
  arrive();
  await second;
  expect(hasStarted).toBe(true);
});
