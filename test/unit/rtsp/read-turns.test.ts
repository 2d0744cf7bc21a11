import { expect, it } from 'vitest';
import type { Clock } from '../../../lib/clock.js';
import { ReadTurns, type Turns } from '../../../lib/rtsp/read-turns.js';
import { FakeClock } from '../../simulators/fake-clock.js';

/** Reads all there is each time, and waits for the next turn. */
function reader(turns: Turns): { read: number } {
  const one = {
    read: 0,
    resume() {
      one.read++;
      turns.wait(one);
    },
  };
  turns.wait(one);
  return one;
}

it('reads a calm one in one turn of many, the others in each, and one in a hurry with them', async () => {
  const clock = new FakeClock();
  const turns = new ReadTurns(clock, 100);
  const calm = turns.calm(3);
  calm.hurried = false;
  const first = reader(calm);
  const other = reader(turns);
  const read = () => ({ calm: first.read, other: other.read });
  await clock.advance(600);
  expect(read()).toEqual({ calm: 2, other: 6 });
  calm.hurried = true;
  await clock.advance(300);
  expect(read()).toEqual({ calm: 5, other: 9 });
  calm.hurried = false;
  await clock.advance(600);
  expect(read()).toEqual({ calm: 8, other: 15 });
});

it('wakes up for no turn in which nobody is due', async () => {
  const clock = new FakeClock();
  let sleeps = 0;
  const counting: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms) => {
      sleeps++;
      return clock.sleep(ms);
    },
  };
  const turns = new ReadTurns(counting, 100);
  const readers = [turns.calm(3), turns.calm(3)].map((calm) => {
    calm.hurried = false;
    return reader(calm);
  });
  await clock.advance(3_000);
  expect(readers.map(({ read }) => read)).toEqual([10, 10]);
  expect(sleeps).toBe(11);
});
