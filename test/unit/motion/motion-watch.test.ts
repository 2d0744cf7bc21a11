import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventQueue } from '../../../lib/event-queue.js';
import type { MotionSourceName } from '../../../src/config/motion.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import type { MotionChange, MotionSource } from '../../../src/motion/motion-source.js';
import { MotionWatch } from '../../../src/motion/motion-watch.js';
import { FakeClock } from '../../simulators/fake-clock.js';

class ScriptedSource implements MotionSource {
  readonly camera = 'gate';
  readonly health = { working: true, reason: undefined as string | undefined };
  readonly #events = new EventQueue<MotionChange>();
  iterations = 0;

  constructor(
    readonly name: MotionSourceName,
    readonly clock: FakeClock,
  ) {}

  move(active: boolean, more: Partial<MotionChange> = {}): void {
    this.#events.push({ at: this.clock.now(), kind: 'motion', source: '', active, ...more });
  }

  async *changes(signal: AbortSignal): AsyncGenerator<MotionChange> {
    this.iterations++;
    const end = () => this.#events.end();
    signal.addEventListener('abort', end);
    yield* this.#events;
  }
}

describe('MotionWatch', () => {
  let clock: FakeClock;
  let ledger: Ledger;
  let startedAt: number;
  const stop = { controller: new AbortController(), running: Promise.resolve() };
  beforeEach(() => {
    clock = new FakeClock();
    startedAt = clock.now();
    ledger = new Ledger(':memory:');
    stop.controller = new AbortController();
  });
  afterEach(async () => {
    stop.controller.abort();
    await clock.advance(2_000);
    await stop.running;
    ledger.close();
  });

  async function watching(sources: ScriptedSource[], more = {}) {
    const watch = new MotionWatch({
      camera: 'gate',
      sources,
      holdMs: 5_000,
      ledger,
      clock,
      log: pino({ level: 'silent' }),
      ...more,
    });
    const notices: [boolean, number][] = [];
    watch.follow(({ active, at }) => notices.push([active, at - startedAt]));
    stop.running = watch.run(stop.controller.signal);
    await clock.advance(0);
    return { watch, notices };
  }
  const spans = () =>
    ledger.motion
      .between('gate', 0, Number.MAX_SAFE_INTEGER)
      .map(({ source, start, end, score }) => [source, start - startedAt, end && end - startedAt, score]);

  it('joins sources: it moves from the first beginning to the last end', async () => {
    const [camera, pixels] = [new ScriptedSource('onvif', clock), new ScriptedSource('analysis', clock)];
    const { watch, notices } = await watching([camera, pixels]);
    camera.move(true, { source: 'v1' });
    await clock.advance(1_000);
    pixels.move(true, { score: 0.4 });
    await clock.advance(1_000);
    expect(watch.state).toMatchObject({ moving: true, since: startedAt, lastAt: startedAt });
    camera.move(false, { source: 'v1' });
    await clock.advance(1_000);
    expect(notices).toEqual([[true, 0]]);
    pixels.move(false, { score: 0.9 });
    await clock.advance(1_000);
    expect(notices).toEqual([
      [true, 0],
      [false, 3_000],
    ]);
    expect(watch.state).toMatchObject({ moving: false, since: undefined, lastAt: startedAt + 3_000 });
    expect(spans()).toEqual([
      ['onvif/v1', 0, 2_000, undefined],
      ['analysis', 1_000, 3_000, 0.9],
    ]);
  });

  it('makes one span of what stops for less than the hold, and tells of each all the same', async () => {
    const source = new ScriptedSource('analysis', clock);
    const { notices } = await watching([source]);
    for (const [active, waitMs, score] of [
      [true, 1_000, 0.8],
      [false, 5_000, 0.8],
      [true, 1_000, 0.3],
      [false, 5_001, 0.3],
      [true, 1_000, 0.2],
    ] as const) {
      source.move(active, { score });
      await clock.advance(waitMs);
    }
    expect(notices.map(([active]) => active)).toEqual([true, false, true, false, true]);
    expect(spans()).toEqual([
      ['analysis', 0, 7_000, 0.8],
      ['analysis', 12_001, undefined, 0.2],
    ]);
  });

  it('ends what moves when nobody watches any more, and does not watch while nobody wants to know', async () => {
    let wanted = false;
    const source = new ScriptedSource('onvif', clock);
    const { watch, notices } = await watching([source], { wanted: () => wanted });
    await clock.advance(5_000);
    expect(source.iterations).toBe(0);
    wanted = true;
    await clock.advance(1_000);
    expect(source.iterations).toBe(1);
    source.move(true);
    await clock.advance(1_000);
    wanted = false;
    await clock.advance(2_000);
    expect(notices.map(([active]) => active)).toEqual([true, false]);
    expect(watch.state.moving).toBe(false);
    expect(spans()[0]![2]).toBeGreaterThan(0);
  });

  it('is blind while nothing of its own works; those who have to speak up prove nothing by silence', async () => {
    const [camera, outside] = [new ScriptedSource('onvif', clock), new ScriptedSource('external', clock)];
    camera.health.working = false;
    camera.health.reason = 'no route';
    const { watch } = await watching([camera, outside]);
    expect(watch.blind).toBe(true);
    expect(watch.state.sources).toEqual([
      { name: 'onvif', working: false, reason: 'no route' },
      { name: 'external', working: true, reason: undefined },
    ]);
    camera.health.working = true;
    expect(watch.blind).toBe(false);
    expect((await watching([outside])).watch.blind).toBe(false);
  });

  it('tells whoever follows even if the ledger cannot be written', async () => {
    const source = new ScriptedSource('onvif', clock);
    const broken = {
      motion: {
        begin: () => {
          throw new Error('disk full');
        },
        end: () => {
          throw new Error('disk full');
        },
        latest: () => undefined,
      },
    };
    const { notices } = await watching([source], { ledger: broken });
    source.move(true);
    await clock.advance(1_000);
    source.move(false);
    await clock.advance(1_000);
    expect(notices.map(([active]) => active)).toEqual([true, false]);
  });
});
