import { expect, it } from 'vitest';
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
