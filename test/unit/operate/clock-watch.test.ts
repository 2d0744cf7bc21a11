import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ClockStep, WatchedClock } from '../../../lib/watched-clock.js';
import { ClockWatch } from '../../../src/operate/clock-watch.js';
import { MINUTE, Storage } from '../../simulators/storage.js';

let storage: Storage;
let stop: AbortController;
let running: Promise<void>;
let steps: ClockStep[];
let followed: number;

beforeEach(() => {
  storage = new Storage();
  stop = new AbortController();
  [steps, followed] = [[], 0];
  const camera = { clockStepped: (step: ClockStep) => void steps.push(step), followClock: () => void followed++ };
  const watch = new ClockWatch(new WatchedClock(storage.clock, () => 0), storage.ledger, storage.log, [camera]);
  running = watch.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
  storage.close();
});

it('a clock that is set is told of within a second', async () => {
  storage.clock.stepWall(MINUTE);
  await storage.clock.advance(1_000);
  expect(steps).toMatchObject([{ byMs: MINUTE }]);
});

it('cameras follow every minute what it is corrected by', async () => {
  await storage.clock.advance(MINUTE / 2);
  expect(followed).toBe(0);
  await storage.clock.advance(10 * MINUTE);
  expect(followed).toBe(10);
});
