import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { account } from '../../src/archive/timeline.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import type { Ledger } from '../../src/ledger/ledger.js';
import { until } from '../peers/until.js';
import { FakeTime } from '../simulators/fake-time.js';
import { Program } from '../simulators/program.js';

const DAY = 86_400_000;
const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

/** The real program under libfaketime: rows 23 to 25 of the fault matrix. */
describe('the wall clock', { timeout: 180_000 }, () => {
  let program: Program;
  let time: FakeTime;

  beforeEach(async () => {
    program = await Program.prepare({ cameras: ['gate'] });
    time = new FakeTime(program.dir);
  });
  afterEach(() => program.remove());

  const files = (ledger: Ledger) => ledger.files.between('gate', ...ALL).filter((file) => file.kind === 'continuous');
  const inOrder = (ledger: Ledger) => files(ledger).sort((a, b) => a.id - b.id);
  const more = async (count: number) => {
    const known = program.look((ledger) => files(ledger).length);
    await until(
      `${count} more segments`,
      () => program.look((ledger) => files(ledger).length >= known + count),
      60_000,
    );
  };

  it('set by a day, back, and by 400 days: names stay unique, order stays, and no second is lost (23)', async () => {
    await program.up(time.env);
    await until('the first segments', () => program.look((ledger) => files(ledger).length >= 2), 60_000);
    const offsets = [DAY, -DAY, 400 * DAY, 0];
    for (const offset of offsets) {
      time.set(offset);
      await more(2);
    }
    const status = await program.status(time.env);
    // A busy machine is some milliseconds late with it.
    expect(status.problems.join()).toMatch(/the clock was set back by (400 d|399 d 23 h)/);
    await program.end();

    program.look((ledger) => {
      const all = inOrder(ledger);
      const steps = ledger.clockSteps.between('gate', ...ALL);
      expect(steps.map(({ before, after }) => Math.round((after - before) / DAY))).toEqual([1, -2, 401, -400]);
      // One connection all the time: nothing was restarted for it, so no picture was lost.
      expect(new Set(all.map(({ run }) => run)).size).toBe(1);
      expect(all.map(({ seq }) => seq)).toEqual(all.map((_, n) => n));
      for (const [n, file] of all.slice(1).entries()) {
        const before = all[n]!;
        const step = steps.find((one) => one.before === before.end && one.after === file.start);
        expect(step ? 0 : Math.abs(file.start - before.end), `${before.name} → ${file.name}`).toBeLessThan(2);
      }
      expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
      // No gap but those of the start and the stop.
      expect(ledger.gaps.between('gate', ...ALL).map(({ cause }) => cause)).toEqual(
        expect.not.arrayContaining(['stream-ended', 'silent', 'stream-invalid']),
      );
    });
  });

  it('set by a day, and back, each time just before a kill: every second is accounted for by the clock it was of (23)', async () => {
    await program.up(time.env);
    await more(2);
    for (const offset of [DAY, 0]) {
      time.set(offset);
      await program.end('SIGKILL');
      await program.up(time.env);
      await more(2);
    }
    await program.end();

    program.look((ledger) => {
      const steps = ledger.clockSteps.between('gate', ...ALL);
      expect(steps.map(({ before, after }) => Math.round((after - before) / 1_000) * 1_000)).toEqual([DAY, -DAY]);
      const stopped = time.now();
      for (const [n, era] of [0, ...steps.map(({ id }) => id)].entries()) {
        const rows = [...files(ledger), ...ledger.gaps.between('gate', ...ALL)]
          .filter((row) => row.era === era)
          .map(({ start, end = stopped }) => ({ start, end }))
          .sort((a, b) => a.start - b.start);
        // From where this clock's time begins to where it ends, without a break.
        if (n > 0) expect(rows[0]!.start).toBe(steps[n - 1]!.after);
        expect(rows.at(-1)!.end).toBe(steps[n]?.before ?? stopped);
        for (const [at, { start }] of rows.slice(1).entries()) expect(Math.abs(start - rows[at]!.end)).toBeLessThan(2);
      }
    });
  });

  it('of a machine that began in 1970: what is recorded until it is set is dated once it is, also after a kill (25)', async () => {
    const work = () => {
      const folder = join(program.storage, 'work', 'gate');
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      return names.filter((name) => name.endsWith('.mp4'));
    };
    await program.up(time.env);
    await until('a first segment', () => program.look((ledger) => files(ledger).length >= 1), 60_000);
    await program.end();
    const known = program.look((ledger) => files(ledger).length);

    time.setTo(5_000);
    await program.up(time.env);
    await until('files that are closed, and wait', () => work().length >= 3, 60_000);
    await program.end('SIGKILL');
    const killed = work();
    await program.up(time.env);
    await until('more of them', () => work().length >= killed.length + 3, 60_000);
    expect((await program.status(time.env)).cameras[0]).toMatchObject({
      recording: true,
      note: expect.stringContaining('the clock is not set yet'),
    });
    const waiting = work();
    expect(program.look((ledger) => files(ledger).length)).toBe(known);

    const setAt = Date.now();
    time.set(0);
    await until('files recorded since', () => program.look((l) => files(l).some((f) => f.start > setAt)), 60_000);
    await until('all that waited', () => work().every((name) => !waiting.includes(name)), 60_000);
    await program.end();

    program.look((ledger) => {
      const all = files(ledger).sort((a, b) => a.start - b.start);
      expect(all.length).toBeGreaterThanOrEqual(known + waiting.length);
      expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
      // By their times in the order they were recorded in: run after run, file after file.
      const runs = [...new Set(all.map(({ run }) => run))];
      expect(runs).toHaveLength(3);
      for (const run of runs) {
        const seqs = all.filter((file) => file.run === run).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, n) => n));
      }
      const until1971 = Date.UTC(1971, 0);
      expect(ledger.gaps.between('gate', 0, until1971)).toEqual([]);
      expect(all[0]!.start).toBeGreaterThan(until1971);
      expect(ledger.clockSteps.between('gate', ...ALL)).toEqual([]);
      const gaps = ledger.gaps.between('gate', ...ALL);
      expect(gaps.some(({ detail }) => detail?.includes('a clock that was not set yet'))).toBe(true);
      const range = { start: all[0]!.start, end: all.at(-1)!.end };
      const entries = [...all.map(mediaEntry), ...gaps.map((gap) => gapEntry(gap, range.end))];
      expect(account(entries, range).unaccountedMs).toBe(0);
      // Nothing is there twice.
      for (const [n, file] of all.slice(1).entries()) expect(file.start).toBeGreaterThan(all[n]!.end - 50);
    });
  });

  it('through both changes of summer time: UTC names, nothing doubled, nothing marked (24)', async () => {
    const changes = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)];
    // A busy machine takes a while to begin.
    time.setTo(changes[0]! - 14_000);
    await program.up({ ...time.env, TZ: 'Europe/Copenhagen' });
    for (const change of changes) {
      const after = () => program.look((ledger) => files(ledger).some(({ start }) => start >= change));
      await until('a segment after the change', after, 60_000);
      if (change !== changes.at(-1)) time.setTo(changes.at(-1)! - 4_000);
    }
    await program.end();
    program.look((ledger) => {
      // Only we set the clock, from one to the other.
      const [step, ...others] = ledger.clockSteps.between('gate', ...ALL);
      expect(others).toEqual([]);
      for (const [change, from, to] of [
        [changes[0]!, 0, step!.before],
        [changes[1]!, step!.after, Number.MAX_SAFE_INTEGER],
      ] as const) {
        const all = inOrder(ledger).filter(({ start, end }) => start >= from && end <= to);
        const range = { start: all[0]!.start, end: all.at(-1)!.end };
        expect(range.start).toBeLessThan(change);
        expect(range.end).toBeGreaterThan(change);
        expect(account(all.map(mediaEntry), range)).toMatchObject({ recordedMs: range.end - range.start });
        for (const file of all) expect(file.name).toMatch(/^gate_2026(0329|1025)T0[01]\d{4}Z_continuous\.mp4$/);
      }
    });
  });
});
