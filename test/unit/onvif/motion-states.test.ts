import { beforeEach, describe, expect, it } from 'vitest';
import { MotionStates } from '../../../lib/onvif/motion-states.js';
import type { MotionSignal } from '../../../lib/onvif/topics.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const HOLD_OFF_MS = 30_000;

let clock: FakeClock;
let states: MotionStates;
beforeEach(() => {
  clock = new FakeClock(0);
  states = new MotionStates({ holdOffMs: HOLD_OFF_MS });
});

const now = () => ({ wall: clock.now(), monotonic: clock.monotonic() });
const signal = (active: boolean, more: Partial<MotionSignal> = {}): MotionSignal => ({
  kind: 'motion',
  source: 'v',
  origin: 'rule-1',
  active,
  initial: false,
  ...more,
});
const say = (active: boolean, more?: Partial<MotionSignal>) =>
  states.observe(signal(active, more), now()).map((one) => one.active);
const over = () => states.expire(now()).map((one) => one.active);

describe('motion', () => {
  it('begins and ends once, however often it is said', () => {
    expect([say(true), say(true), say(false), say(false)]).toEqual([[true], [], [false], []]);
  });

  it('that never was does not end', () => {
    expect(say(false)).toEqual([]);
  });

  it('is active while any rule says so', () => {
    expect([say(true), say(true, { origin: 'rule-2' }), say(false), say(false, { origin: 'rule-2' })]).toEqual([
      [true],
      [],
      [],
      [false],
    ]);
  });

  it('of another kind or source is another', () => {
    expect(say(true)).toEqual([true]);
    expect(say(true, { kind: 'person' })).toEqual([true]);
    expect(say(true, { source: 'w' })).toEqual([true]);
    expect(say(false)).toEqual([false]);
  });

  it('never ends before it began, whatever the camera dates it', () => {
    const [begun] = states.observe(signal(true), now(), 5_000);
    const [ended] = states.observe(signal(false), now(), 3_000);
    expect([begun!.at, ended!.at]).toEqual([5_000, 5_000]);
  });
});

describe('a camera that never tells the end', () => {
  it('has it told after the hold-off', async () => {
    say(true);
    expect(states.nextExpiry()).toBe(HOLD_OFF_MS);
    await clock.advance(HOLD_OFF_MS - 1);
    expect(over()).toEqual([]);
    await clock.advance(1);
    expect(states.expire(now())).toEqual([{ at: HOLD_OFF_MS, kind: 'motion', source: 'v', active: false }]);
    expect(states.nextExpiry()).toBeUndefined();
    expect(say(true)).toEqual([true]);
  });

  it('puts it off with each word', async () => {
    say(true);
    await clock.advance(20_000);
    say(true);
    await clock.advance(20_000);
    expect(over()).toEqual([]);
    await clock.advance(10_000);
    expect(over()).toEqual([false]);
  });

  it('is not trusted for saying no when asked', async () => {
    say(false, { initial: true });
    say(true);
    say(false, { initial: true });
    say(true);
    await clock.advance(HOLD_OFF_MS);
    expect(over()).toEqual([false]);
  });

  it('is not trusted for saying no before anything moved', async () => {
    say(false);
    say(true);
    await clock.advance(HOLD_OFF_MS);
    expect(over()).toEqual([false]);
  });

  it('is asked once before that, and what still moves goes on', async () => {
    expect(states.nextQuestion()).toBeUndefined();
    say(true);
    expect(states.nextQuestion()).toBe(HOLD_OFF_MS * 0.6);
    await clock.advance(HOLD_OFF_MS * 0.6);
    states.asked();
    expect(states.nextQuestion()).toBeUndefined();
    say(true, { initial: true });
    await clock.advance(HOLD_OFF_MS * 0.9);
    expect(over()).toEqual([]);
    expect(states.nextQuestion()).toBe(HOLD_OFF_MS * 1.2);
    say(false, { initial: true });
    expect(states.nextQuestion()).toBeUndefined();
  });

  it('is not believed for longer than five minutes, nor when it says so again later', async () => {
    say(true);
    let endedAt: number | undefined;
    while (endedAt === undefined) {
      await clock.advance(20_000);
      say(true, { initial: true });
      if (over().length > 0) endedAt = clock.monotonic();
    }
    expect(endedAt).toBe(340_000);
    expect(say(true, { initial: true })).toEqual([]);
    // What it says unasked counts.
    expect(say(true)).toEqual([true]);
    expect(states.nextQuestion()).toBeUndefined();
    await clock.advance(HOLD_OFF_MS);
    expect(over()).toEqual([false]);
  });

  it('is believed again once it has told an end', async () => {
    say(true);
    await clock.advance(310_000);
    say(true, { initial: true });
    over();
    say(false);
    expect(say(true, { initial: true })).toEqual([true]);
  });
});

describe('a camera that has told an end', () => {
  beforeEach(() => {
    say(true);
    say(false);
    say(true);
  });

  it('is waited for', async () => {
    await clock.advance(HOLD_OFF_MS * 5);
    expect(over()).toEqual([]);
    expect(states.nextQuestion()).toBe(300_000);
    expect(say(false)).toEqual([false]);
  });

  it('is asked after five minutes, and believed for as long as it says so', async () => {
    for (let n = 1; n < 20; n++) {
      await clock.advance(300_000);
      expect(states.nextQuestion()).toBe(clock.monotonic());
      states.asked();
      expect(say(true, { initial: true })).toEqual([]);
      expect(over()).toEqual([]);
    }
  });

  it('that does not answer then is waited for no longer', async () => {
    await clock.advance(300_000 + HOLD_OFF_MS);
    expect(over()).toEqual([false]);
  });

  it('is not trusted over a broken subscription', async () => {
    await clock.advance(60_000);
    states.lose(clock.monotonic());
    await clock.advance(HOLD_OFF_MS - 1);
    // Lost again, which gives no further time.
    states.lose(clock.monotonic());
    expect(over()).toEqual([]);
    await clock.advance(1);
    expect(over()).toEqual([false]);
  });

  it('is trusted again once it has spoken', async () => {
    states.lose(clock.monotonic());
    say(true, { initial: true });
    await clock.advance(HOLD_OFF_MS * 2);
    expect(over()).toEqual([]);
  });
});

describe('a hostile camera', () => {
  it('that names thousands of sources fills no memory, and what it says is still heard', () => {
    const changes = Array.from({ length: 5_000 }, (_, n) => states.observe(signal(true, { source: `s${n}` }), now()));
    const told = changes.flat().map(({ source }) => source);
    expect(told).toHaveLength(65);
    expect(told.at(-1)).toBe('');
    expect(say(false, { source: 's0' })).toEqual([false]);
  });
});
