import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NotedClock } from '../../../src/ledger/noted-clock.js';
import { MINUTE, Storage } from '../../simulators/storage.js';

const DAY = 24 * 60 * MINUTE;

let storage: Storage;
const start = (boot: string | undefined = 'a') =>
  new NotedClock(storage.ledger, { boot, uptimeMs: () => storage.clock.monotonic() }, 'gate');
const missedMs = (boot?: string) => start(boot).missedMs(storage.clock.now());
const follow = () => start().follow(storage.clock.now());

beforeEach(() => {
  storage = new Storage();
});
afterEach(() => storage.close());

it('a later start knows by how much the clock was set since, however long that took', async () => {
  follow();
  await storage.clock.advance(3 * DAY);
  expect(missedMs()).toBe(0);
  storage.clock.stepWall(-DAY);
  await storage.clock.advance(3 * DAY);
  expect(missedMs()).toBe(-DAY);
});

it('what was noted meanwhile is not missed', () => {
  follow();
  storage.clock.stepWall(DAY);
  storage.clock.stepWall(MINUTE);
  start().step(DAY);
  expect(missedMs()).toBe(MINUTE);
});

it('a step that is taken back with its transaction was not noted', () => {
  follow();
  storage.clock.stepWall(DAY);
  expect(() =>
    storage.ledger.transaction(() => {
      start().step(DAY);
      throw new Error('disk full');
    }),
  ).toThrow();
  expect(missedMs()).toBe(DAY);
});

it('what a time server corrects little by little, over weeks, is no step', async () => {
  follow();
  for (let day = 0; day < 30; day++) {
    await storage.clock.advance(DAY);
    storage.clock.stepWall(1_900);
    follow();
  }
  storage.clock.stepWall(1_900);
  expect(missedMs()).toBe(0);
});

it('it is written only when the clock has moved', async () => {
  follow();
  const write = vi.spyOn(storage.ledger, 'setMeta');
  await storage.clock.advance(DAY);
  follow();
  expect(write).not.toHaveBeenCalled();
});

it('of another start of the machine nobody knows', () => {
  follow();
  storage.clock.stepWall(DAY);
  expect(missedMs('b')).toBe(0);
  start('b').step(DAY);
  expect(missedMs()).toBe(DAY);
});

it('where the machine does not say which start it is nothing is noted', () => {
  const nobody = new NotedClock(storage.ledger, { boot: undefined, uptimeMs: () => 0 }, 'gate');
  nobody.follow(storage.clock.now());
  storage.clock.stepWall(DAY);
  expect(nobody.missedMs(storage.clock.now())).toBe(0);
  expect(storage.ledger.meta('clock:gate')).toBeUndefined();
});

it('each camera has its own', () => {
  follow();
  storage.clock.stepWall(DAY);
  const yard = new NotedClock(storage.ledger, { boot: 'a', uptimeMs: () => storage.clock.monotonic() }, 'yard');
  yard.follow(storage.clock.now());
  expect([missedMs(), yard.missedMs(storage.clock.now())]).toEqual([DAY, 0]);
});
