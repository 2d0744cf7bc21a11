import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WatchedClock } from '../../lib/watched-clock.js';
import type { Connection } from '../../src/ledger/database.js';
import { FakeClock } from '../simulators/fake-clock.js';
import type { CameraFault } from './day-engine.js';
import { DayService } from './day-service.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const NOON = Date.UTC(2026, 4, 3, 12);

/** After how many more writes the ledger is gone, as by SIGKILL; and what is to happen then. */
const life: { left: number; onEnd: () => void } = { left: Number.POSITIVE_INFINITY, onEnd: () => undefined };

vi.mock('../../src/ledger/database.js', async (importOriginal) => {
  const real = await importOriginal<typeof import('../../src/ledger/database.js')>();
  return { ...real, openDatabase: (path: string) => mortal(real.openDatabase(path)) };
});

/** A connection that does nothing any more once its writes have been used up. One transaction is one write. */
function mortal(inner: Connection): Connection {
  let isDead = false;
  let inTransaction = false;
  const alive = <Result>(work: () => Result): Result => {
    if (isDead) throw new Error('killed');
    return work();
  };
  const wrote = () => {
    if (--life.left !== 0) return;
    isDead = true;
    life.onEnd();
  };
  return {
    prepare: (sql) => {
      const statement = alive(() => inner.prepare(sql));
      return {
        run: (...values) => {
          const result = alive(() => statement.run(...values));
          if (!inTransaction) wrote();
          return result;
        },
        get: (...values) => alive(() => statement.get(...values)),
        all: (...values) => alive(() => statement.all(...values)),
      };
    },
    exec: (sql) => {
      alive(() => inner.exec(sql));
      inTransaction = sql.startsWith('BEGIN');
      if (sql === 'COMMIT') wrote();
    },
    close: () => inner.close(),
  };
}

let fake: FakeClock;
let clock: WatchedClock;
let service: DayService;
/** What chance says: 0.5 connects after 1.2 s, 0.019 makes a connection wait for half an hour before it. */
let chance: number;

// In memory, where there is such a folder: each write waits for the disk otherwise.
if (existsSync('/dev/shm')) vi.stubEnv('TMPDIR', '/dev/shm');

beforeEach(() => begin(new Map([['gate', undefined]])));
afterEach(() => service.remove());

function begin(cameras: ReadonlyMap<string, string | undefined>): void {
  life.left = Number.POSITIVE_INFINITY;
  chance = 0.5;
  fake = new FakeClock(NOON - 40 * SECOND);
  clock = new WatchedClock(fake, () => 0);
  service = new DayService(clock, cameras, () => chance);
  clock.onStep = (step) => service.clockStepped(step);
}

function setClock(byMs: number): void {
  fake.stepWall(byMs);
  clock.now();
}

/** With as much time as the disk takes to make folders and files, as if none went by meanwhile. */
async function passed(seconds: number): Promise<void> {
  for (let n = 0; n < seconds / 2.5; n++) {
    await fake.advance(2.5 * SECOND);
    for (let turn = 0; turn < 3; turn++) await stat(service.layout.root);
    await fake.advance(0);
    await service.settled();
  }
}

async function stopped(): Promise<void> {
  const stopping = service.stop();
  await fake.advance(0);
  await stopping;
}

/**
 * By how much what the ledger tells of a camera differs from the time that went by (ms), and where it is not in one piece: by each clock
 * one thing begins where another ends, and from one clock to the next time jumps as it was noted to.
 */
function judge(camera: string): { differsMs: number; broken: unknown[] } {
  const { files, gaps, offs, clockSteps } = service.ledger;
  const all = [camera, 0, Number.MAX_SAFE_INTEGER] as const;
  const rows = [...files.between(...all), ...gaps.between(...all), ...offs.between(...all)]
    .map(({ start, end = fake.now(), era }) => ({ start, end, era }))
    .sort((a, b) => a.era - b.era || a.start - b.start);
  const steps = clockSteps.between(...all);
  const isJoined = (last: (typeof rows)[number], next: (typeof rows)[number]) => {
    let { end, era } = last;
    for (const { id, before, after } of steps) {
      if (id <= last.era || id > next.era) continue;
      if (before !== end) return false;
      [end, era] = [after, id];
    }
    return era === next.era && end === next.start;
  };
  const sum = rows.reduce((ms, { start, end }) => ms + end - start, 0);
  const broken = rows.slice(1).flatMap((next, n) => (isJoined(rows[n]!, next) ? [] : [[rows[n], next]]));
  return { differsMs: sum - fake.monotonic(), broken };
}

describe.each([-54 * MINUTE, 54 * MINUTE])('a clock that was set by %d ms', (byMs) => {
  it.each(['kill', 'stop'] as const)(
    'before a connection was there, and a %s: every second is accounted for',
    async (end) => {
      service.start();
      await fake.advance(10 * MINUTE);
      await stopped();
      chance = 0.019;
      service.start();
      await fake.advance(10 * SECOND);
      chance = 0.99;
      setClock(byMs);
      await fake.advance(20 * SECOND);
      if (end === 'kill') await service.kill();
      else await stopped();
      await fake.advance(MINUTE);
      service.start();
      await fake.advance(10 * MINUTE);
      await service.settled();
      await stopped();
      expect(judge('gate')).toEqual({ differsMs: 0, broken: [] });
    },
  );
});

/** Five seconds follow each. The clock is set while a file is open, between two connections, before one is there, and before one breaks. */
function scenario(byMs: number): (() => void)[] {
  const engine = service.engines.get('gate')!;
  const wait = (seconds: number) => Array.from({ length: seconds / 5 }, () => () => undefined);
  const goes = (what: CameraFault, connectsIn = 0.5) => {
    engine.fault = what;
    chance = connectsIn;
  };
  return [
    () => service.start(),
    ...wait(15),
    () => setClock(byMs),
    ...wait(30),
    () => goes('unreachable'),
    ...wait(5),
    () => setClock(byMs),
    () => goes(undefined, 0.019),
    ...wait(15),
    () => setClock(byMs),
    () => goes(undefined),
    ...wait(30),
    () => setClock(byMs),
    () => goes('ended'),
    ...wait(10),
  ];
}

/** Plays it until the ledger was written so many times, and starts again. Resolves to what was wrong then; undefined if it was over before. */
async function killedAfter(
  writes: number,
  acts: readonly (() => void)[],
): Promise<ReturnType<typeof judge> | undefined> {
  // Of a camera whose very first start is killed nobody knows.
  service.start();
  await passed(10);
  await stopped();
  let isKilled = false;
  life.left = writes;
  life.onEnd = () => {
    isKilled = true;
    service.die();
  };
  for (const act of acts) {
    try {
      act();
    } catch (error) {
      if (!isKilled) throw error;
    }
    await passed(5);
    if (isKilled) break;
  }
  if (!isKilled) return undefined;
  await service.kill();
  await fake.advance(20 * SECOND);
  chance = 0.5;
  service.engines.get('gate')!.fault = undefined;
  service.start();
  await passed(30);
  await stopped();
  return judge('gate');
}

describe.each([-54 * MINUTE, 54 * MINUTE, -3 * SECOND, 3 * SECOND])(
  'a clock that is set by %d ms, again and again',
  (byMs) => {
    it('and a kill after any write of the ledger: every second is accounted for, once', async () => {
      let writes = 1;
      for (; ; writes++) {
        const found = await killedAfter(writes, scenario(byMs));
        if (!found) break;
        expect(found, `after write ${writes}`).toEqual({ differsMs: expect.closeTo(0, -2), broken: [] });
        service.remove();
        begin(new Map([['gate', undefined]]));
      }
      // As many as the scenario is known to have at least.
      expect(writes).toBeGreaterThan(40);
    }, 180_000);
  },
);
