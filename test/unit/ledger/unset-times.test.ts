import { afterEach, beforeEach, expect, it } from 'vitest';
import { UnsetTimes } from '../../../src/ledger/unset-times.js';
import { NOON, Storage } from '../../simulators/storage.js';

let storage: Storage;
let uptimeMs: number;
const machine = (boot?: string) => ({ boot, uptimeMs: () => uptimeMs });
const times = (boot?: string) => new UnsetTimes(storage.ledger, storage.clock, machine(boot));

beforeEach(() => {
  storage = new Storage();
  // 40 s after the machine started in 1970, which was at noon.
  uptimeMs = 40_000;
  storage.clock.stepWall(40_000 - NOON);
  times('a').note();
});
afterEach(() => storage.close());

/** An hour later, by a clock that was set. */
function set(): void {
  uptimeMs += 3_600_000;
  storage.clock.stepWall(NOON + 3_600_000);
}

it('a time of the clock before it was set is found again by a later start of the program', () => {
  set();
  expect(times('a').right(25_000)).toBe(NOON + 25_000);
});

it('a later start by the clock that is still not set keeps what is known', () => {
  uptimeMs += 5_000;
  storage.clock.stepWall(5_000);
  times('a').note();
  expect(times('a').right(25_000)).toBe(25_000);
  set();
  times('a').note();
  expect(times('a').right(25_000)).toBe(NOON + 25_000);
});

it.each(['b', undefined])('of another start of the machine (%s) nobody knows', (boot) => {
  set();
  expect(times(boot).right(25_000)).toBe(25_000);
});

it('a time that was right stays', () => {
  set();
  expect(times('a').right(NOON - 1)).toBe(NOON - 1);
});
