import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../../lib/log.js';
import { Snapshots } from '../../../src/recording/snapshots.js';
import { until } from '../../peers/until.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const HOUR = 3_600_000;

describe('pictures that are kept', () => {
  let work: string;
  let clock: FakeClock;
  let startedAt: number;
  let kept: [string, number][];
  let recorded: boolean;
  let asked: number;
  /** What stands on the newest keyframe. */
  let keyframe: () => string;
  let tell: (active: boolean) => void;
  let stop: AbortController;
  let running: Promise<void>;
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'snapshots-'));
    // A minute after a full hour.
    clock = new FakeClock(Date.UTC(2026, 4, 3, 12, 1));
    startedAt = clock.now();
    [kept, recorded, asked] = [[], true, 0];
    keyframe = () => String(clock.now());
    stop = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    rmSync(work, { recursive: true });
  });

  async function start(more: object): Promise<void> {
    const snapshots = new Snapshots({
      ...{ camera: 'gate', everyMs: HOUR, work, clock, log: createLog({ level: 'silent' }) },
      watcher: {
        follow(listener) {
          tell = (active) => listener({ active, at: clock.now() });
          return () => undefined;
        },
      },
      latest: async () => (recorded ? { jpeg: Buffer.from(`recorded ${keyframe()}`), at: clock.now() } : undefined),
      fromCamera: async () => {
        asked++;
        return { jpeg: Buffer.from('asked'), at: clock.now() };
      },
      commit: async (file, _camera, at) =>
        void kept.push([readFileSync(file, 'utf8').split(' ')[0]!, (at - startedAt) / 1_000]),
      ...more,
    });
    running = snapshots.run(stop.signal);
    await until('it to wait', () => clock.sleeping > 0);
  }
  /** Time passes, and files are written meanwhile. */
  async function pass(ms: number): Promise<void> {
    await clock.advance(ms);
    await until('it to wait', () => clock.sleeping > 0);
  }

  it('are taken once there is one, and at each full interval', async () => {
    await start({});
    await pass(HOUR);
    expect(kept).toEqual([
      ['recorded', 0],
      ['recorded', 59 * 60],
    ]);
  });

  it('are taken once nothing has moved for a while, and each motion begins that anew', async () => {
    await start({ calmMs: 10_000 });
    tell(true);
    await pass(5_000);
    tell(false);
    await pass(9_000);
    tell(true);
    await pass(60_000);
    tell(false);
    await pass(9_999);
    expect(kept).toHaveLength(1);
    await pass(1);
    expect(kept.slice(1)).toEqual([['recorded', 84]]);
    await pass(600_000);
    expect(kept).toHaveLength(2);
  });

  it('are taken when something begins to move, if that is wanted', async () => {
    await start({ onMotion: true });
    await pass(3_000);
    tell(true);
    await pass(1);
    tell(false);
    await pass(60_000);
    expect(kept.slice(1)).toEqual([['recorded', 3]]);
  });

  it('are kept once of a keyframe, however many ask for it, and again of the next', async () => {
    let number = 1;
    keyframe = () => `no. ${number}`;
    await start({ onMotion: true, calmMs: 2_000 });
    tell(true);
    await pass(1_000);
    tell(false);
    await pass(2_000);
    expect(kept).toEqual([['recorded', 0]]);
    number++;
    tell(true);
    await pass(1_000);
    expect(kept.slice(1)).toEqual([['recorded', 3]]);
    // A place in which nothing changes has its picture kept all the same.
    await pass(HOUR);
    expect(kept.slice(2)).toEqual([['recorded', 59 * 60]]);
  });

  it('come from the camera itself only where nothing is recorded, and only for motion', async () => {
    recorded = false;
    await start({ calmMs: 10_000 });
    await pass(60_000);
    expect([kept, asked]).toEqual([[], 0]);
    tell(true);
    tell(false);
    await pass(10_000);
    expect(kept).toEqual([['asked', 70]]);
  });

  it('are tried again for a minute where there is none, and then no longer', async () => {
    recorded = false;
    let tries = 0;
    const fromCamera = async () => {
      tries++;
      throw new Error('asleep');
    };
    await start({ onMotion: true, fromCamera });
    tell(true);
    for (let n = 0; n < 60; n++) await pass(2_000);
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(34);
  });
});
