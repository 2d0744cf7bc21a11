import { beforeEach, describe, expect, it } from 'vitest';
import { Beat } from '../../lib/beat.js';
import { FakeClock } from '../simulators/fake-clock.js';

let clock: FakeClock;
let beat: Beat;
let stop: AbortController;
beforeEach(() => {
  clock = new FakeClock();
  beat = new Beat(clock);
  stop = new AbortController();
});

/** Looks until it is told that it is so; says when it looked. */
function looker(signal = stop.signal) {
  const looked: number[] = [];
  const state = { isSo: false, isDone: false, looked };
  const look = () => {
    looked.push(clock.monotonic());
    return state.isSo;
  };
  void beat.until(look, signal).then(() => {
    state.isDone = true;
  });
  return state;
}

describe('a beat', () => {
  it('has all who look do so at the same moments, whenever they came', async () => {
    const first = looker();
    await clock.advance(300);
    const second = looker();
    await clock.advance(2_000);
    expect(first.looked).toEqual([1_000, 2_000]);
    expect(second.looked).toEqual([1_000, 2_000]);
    expect(clock.sleeping).toBe(1);
  });

  it('is waited for until it is so, and goes on for the others', async () => {
    const [first, second] = [looker(), looker()];
    first.isSo = true;
    await clock.advance(2_500);
    expect(first).toMatchObject({ isDone: true, looked: [1_000] });
    expect(second).toMatchObject({ isDone: false, looked: [1_000, 2_000] });
  });

  it('leaves nobody asleep once nobody looks, and begins anew with who comes next', async () => {
    const first = looker();
    await clock.advance(400);
    stop.abort();
    const second = looker(new AbortController().signal);
    await clock.advance(0);
    expect(first).toMatchObject({ isDone: true, looked: [] });
    await clock.advance(1_000);
    expect(second.looked).toEqual([1_400]);
    second.isSo = true;
    await clock.advance(1_000);
    expect(second.isDone).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('is not waited for by whoever is stopped already', async () => {
    stop.abort();
    const late = looker();
    await clock.advance(0);
    expect(late.isDone).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('tells the one whose look fails, and looks go on for the others', async () => {
    const failing = beat.until(() => {
      throw new Error('no');
    }, stop.signal);
    const other = looker();
    const failed = expect(failing).rejects.toThrow('no');
    await clock.advance(2_000);
    await failed;
    expect(other.looked).toEqual([1_000, 2_000]);
  });
});
