import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { Backfill } from '../../../src/backfill/backfill.js';
import type { EdgeSession, Replaying, SegmentSink } from '../../../src/backfill/fill-gap.js';
import { until } from '../../peers/until.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

type Played = Parameters<Replaying['replay']>[0];
type Finished = Parameters<SegmentSink['finish']>[0];

let storage: Storage;
let stop: AbortController;
let running: Promise<void>;
/** What the camera says when it is asked, and what it was asked for. */
let open: () => Promise<EdgeSession>;
let asked: { start: number; end: number }[];
/** Plays what the camera has; resolves with whether that was all. */
let play: (played: Played) => Promise<boolean>;
let finished: Finished[];
const work = () => join(storage.root, 'backfill', 'gate');

const SKEW_MS = 5_000;

beforeEach(() => {
  storage = new Storage();
  stop = new AbortController();
  running = Promise.resolve();
  [asked, finished] = [[], []];
  open = async () => ({
    offsetMs: SKEW_MS,
    find: async (wanted) => {
      asked.push(wanted);
      return { spans: [wanted], source: { url: 'rtsp://10.0.0.5/recordings' } };
    },
  });
  play = async (played) => {
    pictures(played, played.range.fromMs, played.range.toMs);
    return true;
  };
});
afterEach(async () => {
  stop.abort();
  await storage.clock.advance(0);
  await running;
  storage.close();
});

/** A picture a second, all of them keyframes, of which the taken ones become one file. */
function pictures({ judge, onFile, directory }: Played, fromMs: number, toMs: number): void {
  const taken: number[] = [];
  for (let recordedMs = fromMs; recordedMs < toMs; recordedMs += 1_000) {
    const verdict = judge({ key: true, recordedMs, data: Buffer.from(String(recordedMs)) });
    if (verdict === 'over') break;
    if (verdict === 'take') taken.push(recordedMs);
  }
  const path = join(directory, '000000.mp4');
  if (taken.length > 0) onFile({ path, startMs: taken[0]!, endMs: taken.at(-1)! + 1_000 });
}

function start(): void {
  const { ledger, clock, log, spool } = storage;
  const sink: SegmentSink = {
    finish: async (segment) => {
      finished.push(segment);
      const { camera, start: from, end, era } = segment;
      const file = await storage.working(`${from}.sealed`);
      await spool.commitMedia(file, { camera, kind: 'continuous', start: from, end, era, source: 'backfilled' });
    },
  };
  const backfill = new Backfill({
    ...{ camera: 'gate', ledger, clock, log, sink, work: work(), segmentMs: MINUTE, turns: new PQueue() },
    edge: { open: () => open() },
    replayer: { replay: (played) => play(played) },
    find: () => undefined,
    mayWrite: async () => undefined,
  });
  running = backfill.run(stop.signal);
}

/** A minute of footage, a gap of a minute, and what follows it. */
async function withGap(cause: 'unreachable' | 'erased' = 'unreachable', lasting = MINUTE) {
  await storage.commit({ start: NOON - lasting - MINUTE });
  storage.ledger.gaps.add('gate', NOON - lasting, NOON, cause);
  await storage.commit({ start: NOON, end: NOON + MINUTE });
  await storage.clock.advance(2 * MINUTE);
}
const gaps = () => storage.ledger.gaps.between('gate', 0, Number.MAX_SAFE_INTEGER);
const noted = () => storage.ledger.backfills.of('gate', NOON - MINUTE, NOON);
const later = async (ms: number) => {
  for (let passed = 0; passed < ms; passed += 3_000) await storage.clock.advance(3_000);
};

describe('a gap that is over', () => {
  it('is asked for by the clock of the camera, a little more on either side, and closed by what came', async () => {
    await withGap();
    start();
    await until('the gap to be filled', () => noted()?.state === 'done');
    expect(asked).toEqual([{ start: NOON - MINUTE + SKEW_MS - 3_000, end: NOON + SKEW_MS + 3_000 }]);
    expect(finished).toMatchObject([{ start: NOON - MINUTE, end: NOON, seq: 0, backfilled: true }]);
    expect(gaps()).toEqual([]);
    expect(existsSync(work())).toBe(false);
    await later(60_000);
    expect(asked).toHaveLength(1);
  });

  it('is asked for by the clock it is dated by, where ours was set since', async () => {
    await withGap();
    storage.ledger.clockSteps.add('gate', NOON + MINUTE, NOON + 3 * MINUTE);
    storage.ledger.clockSteps.add('gate', NOON + 5 * MINUTE, NOON + 4 * MINUTE);
    start();
    await until('the gap to be filled', () => noted()?.state === 'done');
    const ahead = SKEW_MS + MINUTE;
    expect(asked).toEqual([{ start: NOON - MINUTE + ahead - 3_000, end: NOON + ahead + 3_000 }]);
    expect(finished).toMatchObject([{ start: NOON - MINUTE, end: NOON, era: 0 }]);
    expect(gaps()).toEqual([]);
  });

  it('keeps what was not filled, with its cause, and is not asked for again', async () => {
    await withGap();
    play = async (played) => {
      pictures(played, NOON - 40_000 + SKEW_MS, NOON - 10_000 + SKEW_MS);
      return true;
    };
    start();
    await until('an end', () => noted()?.state === 'done');
    expect(gaps()).toMatchObject([
      { start: NOON - MINUTE, end: NOON - 40_000, cause: 'unreachable' },
      { start: NOON - 10_000, end: NOON, cause: 'unreachable' },
    ]);
    await later(60_000);
    expect(asked).toHaveLength(1);
  });

  it('is gone on with where the camera broke off, also after a restart', async () => {
    await withGap();
    play = async (played) => {
      pictures(played, played.range.fromMs, NOON - 30_000 + SKEW_MS);
      return false;
    };
    start();
    await until('the first part', () => noted()?.state === 'waiting');
    expect(gaps()).toMatchObject([{ start: NOON - 30_000, end: NOON }]);
    stop.abort();
    await running;
    // As a kill leaves it: files that were cut off are nobody's footage.
    storage.restart();
    stop = new AbortController();
    play = async (played) => {
      expect(await readdir(work())).toEqual([String(NOON - 30_000)]);
      await writeFile(join(played.directory, 'half.mp4'), 'half');
      pictures(played, played.range.fromMs, played.range.toMs);
      return true;
    };
    start();
    await later(60_000);
    await until('the rest', () => gaps().length === 0);
    expect(asked.at(-1)).toEqual({ start: NOON - 30_000 + SKEW_MS - 3_000, end: NOON + SKEW_MS + 3_000 });
    expect(finished.map(({ start: from, end }) => [from, end])).toEqual([
      [NOON - MINUTE, NOON - 30_000],
      [NOON - 30_000, NOON],
    ]);
    await until('nothing to be left', () => !existsSync(work()));
  });

  it('waits for a camera that is away, ever longer', async () => {
    await withGap();
    let tries = 0;
    open = async () => {
      tries++;
      throw new Failure('nobody there', { kind: 'transient', code: 'unreachable' });
    };
    start();
    await until('a first try', () => noted()?.attempts === 1);
    await later(27_000);
    expect(tries).toBe(1);
    await later(9_000);
    await until('a second try', () => noted()?.attempts === 2);
    expect(noted()).toMatchObject({ state: 'waiting', detail: 'nobody there' });
    expect(gaps()).toMatchObject([{ start: NOON - MINUTE, end: NOON }]);
  });

  it.each([
    ['service-missing', 'impossible'],
    ['no-recordings', 'nothing'],
  ])('is left alone, and why is noted, where the answer is %s', async (code, state) => {
    await withGap();
    open = async () => {
      throw new Failure('it cannot', { kind: 'permanent', code, hint: 'Look there.' });
    };
    start();
    await until('an end', () => noted() !== undefined);
    expect(noted()).toMatchObject({ state, detail: 'it cannot. Look there.' });
    expect(storage.lines.join()).toContain('could not be filled');
  });

  it('is left alone where the camera has nothing of that time', async () => {
    await withGap();
    open = async () => ({
      offsetMs: 0,
      find: async ({ start: from }) => ({ spans: [{ start: from, end: from + 2_000 }], source: { url: '' } }),
    });
    start();
    await until('an end', () => noted() !== undefined);
    expect(noted()).toMatchObject({ state: 'nothing', detail: expect.stringContaining('no recording of that time') });
  });

  it('is left alone where it is meant, too short, or still lasts', async () => {
    await withGap('erased');
    storage.ledger.gaps.add('gate', NOON - 300_000, NOON - 298_500, 'silent');
    storage.ledger.gaps.open('gate', NOON + MINUTE, 'unreachable');
    start();
    await later(300_000);
    expect(asked).toEqual([]);
  });

  it('waits for the file after it, which tells where it ends', async () => {
    storage.ledger.gaps.add('gate', NOON - MINUTE, NOON, 'silent');
    start();
    await later(60_000);
    expect(asked).toEqual([]);
    await storage.commit({ start: NOON, end: NOON + MINUTE });
    await later(6_000);
    await until('it to be asked for', () => asked.length === 1);
  });
});
