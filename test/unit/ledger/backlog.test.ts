import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClockSteps } from '../../../src/ledger/clock-steps.js';
import type { Connection, Row } from '../../../src/ledger/database.js';
import { openDatabase } from '../../../src/ledger/database.js';
import { Deliveries } from '../../../src/ledger/deliveries.js';
import { Doubts } from '../../../src/ledger/doubts.js';
import { Files } from '../../../src/ledger/files.js';
import { Gaps } from '../../../src/ledger/gaps.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { Motion } from '../../../src/ledger/motion.js';
import { Offs } from '../../../src/ledger/offs.js';
import { Owed } from '../../../src/ledger/owed.js';
import { statusReport } from '../../../src/operate/status.js';
import { Order } from '../../../src/upload/order.js';
import { MINUTE, NOON } from '../../simulators/storage.js';

const FILES = 100_000;

/** Notes what is asked of the database, how SQLite goes about it, and how many rows come back to us. */
class Watched implements Connection {
  plans: string[] = [];
  rows = 0;
  constructor(readonly inner: Connection) {}

  prepare(sql: string) {
    const statement = this.inner.prepare(sql);
    const note = (values: unknown[], rows: (Row | undefined)[]) => {
      this.rows += rows.length;
      const plan = this.inner.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      this.plans.push(...plan.map((step) => `${step.detail}  [${sql.replace(/\s+/g, ' ')}]`));
    };
    return {
      run: (...values: unknown[]) => statement.run(...values),
      get: (...values: unknown[]) => {
        const row = statement.get(...values);
        note(values, [row]);
        return row;
      },
      all: (...values: unknown[]) => {
        const rows = statement.all(...values);
        note(values, rows);
        return rows;
      },
    };
  }

  exec = (sql: string) => this.inner.exec(sql);
  close = () => this.inner.close();
}

/** A month of a recorder that has been cut off: nothing is delivered, and as much again is long gone. */
describe(`${FILES} files waiting for upload (I8)`, () => {
  let db: Watched;
  let ledger: Ledger;

  beforeAll(() => {
    db = new Watched(openDatabase(':memory:'));
    db.exec(`
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${2 * FILES - 1})
      INSERT INTO files (key, name, state, kind, camera, start, end, bytes, sha256, source, created_at, verified_at, indexed)
      SELECT 'k' || i, 'n' || i, iif(i < ${FILES}, 'removed', 'ready'), 'continuous', 'cam' || (i % 4),
        ${NOON} + i * ${MINUTE}, ${NOON} + (i + 4) * ${MINUTE}, 1000, 'x', 'rtsp', ${NOON} + (i + 4) * ${MINUTE},
        iif(i < ${FILES}, ${NOON} + i * ${MINUTE}, NULL), i < ${FILES} FROM n;
      INSERT INTO deliveries (file, remote, state, attempts, next_attempt_at, error, camera, urgency)
      SELECT id, 'far', iif(state = 'ready', 'waiting', 'verified'), 1, iif(id % 2, 0, ${NOON} + id), iif(id % 2, NULL, 'no'),
        camera, iif(id % 8 = 5, 0, 2) FROM files;
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
      INSERT INTO gaps (camera, start, end, cause, indexed)
      SELECT 'cam0', ${NOON} + i * ${MINUTE}, ${NOON} + i * ${MINUTE} + 1, 'silent', 1 FROM n;
      INSERT INTO motion (camera, source, kind, start, end) SELECT camera, 'onvif', 'motion', start, end FROM gaps;
      INSERT INTO offs (camera, start, end, reason, lasts, indexed) SELECT camera, start, end, 'no-motion', 0, 1 FROM gaps;`);
    const clockSteps = new ClockSteps(db);
    const watched = {
      files: new Files(db),
      deliveries: new Deliveries(db),
      doubts: new Doubts(db),
      owed: new Owed(db),
      gaps: new Gaps(db, clockSteps),
    };
    const times = { offs: new Offs(db, clockSteps), motion: new Motion(db), clockSteps };
    const meta = (name: string) => {
      const row = db.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: string } | undefined;
      return row?.value;
    };
    ledger = Object.assign(Object.create(Ledger.prototype) as Ledger, watched, times, { meta });
  });
  afterAll(() => db.close());

  /** Runs it and says what it cost: at most `rows` came to us, and no table was walked through or sorted. */
  function cheap<Result>(rows: number, ask: () => Result): Result {
    [db.plans, db.rows] = [[], 0];
    const result = ask();
    expect(
      db.plans.filter((step) =>
        /^SCAN (?!\(|CONSTANT ROW|waiting |.*ORDER BY id DESC LIMIT 1|.*USING (COVERING )?INDEX)/.test(step),
      ),
    ).toEqual([]);
    expect(db.plans.filter((step) => /USE TEMP B-TREE/.test(step) && !/FROM gaps/.test(step))).toEqual([]);
    expect(db.plans.length).toBeGreaterThan(0);
    expect(db.rows).toBeLessThanOrEqual(rows);
    return result;
  }
  const searches = () => db.plans.map((step) => step.replace(/ {2}\[.*/, ''));

  it('finds the next to send without looking at the others', () => {
    const next = new Order(ledger, 'far');
    const [motion, one] = cheap(2, () => [next.nextMotion(NOON, new Set()), next.nextUrgent(NOON, new Set())]);
    expect([motion!.file.id, one!.file.id]).toEqual([2 * FILES - 3, 2 * FILES - 3]);
    expect(searches()[0]).toMatch(/deliveries_urgent \(remote=\? AND urgency=\?\)/);
    // Its own newest and the ones being sent.
    const newest = cheap(2, () => ledger.deliveries.newestOf('far', 'cam2', NOON, new Set([2 * FILES - 1])));
    expect(newest!.file.id % 4).toBe(3);
    expect(searches()[0]).toMatch(/deliveries_backlog \(remote=\? AND camera=\?\)/);
    expect(cheap(4, () => ledger.deliveries.camerasWaiting('far'))).toEqual(['cam0', 'cam1', 'cam2', 'cam3']);
    expect(searches().filter((step) => step.startsWith('SEARCH'))).toEqual([
      expect.stringMatching(/COVERING INDEX deliveries_backlog \(remote=\? AND camera>\?\)/),
      expect.stringMatching(/COVERING INDEX deliveries_backlog \(remote=\? AND camera>\?\)/),
    ]);
    expect(cheap(1, () => ledger.deliveries.nextDue('far', NOON))).toBe(NOON + FILES + 2);
    expect(searches()).toEqual([expect.stringMatching(/COVERING INDEX deliveries_postponed .*next_attempt_at>\?/)]);
  });

  it('adds the backlog up from an index alone', () => {
    const backlog = cheap(1, () => ledger.files.backlog('cam1'));
    expect(backlog).toMatchObject({ files: FILES / 4, bytes: FILES * 250, oldest: NOON + (FILES + 1) * MINUTE });
    expect(searches()).toEqual([expect.stringMatching(/COVERING INDEX files_backlog \(camera=\?/)]);
    expect(cheap(1, () => ledger.files.localBytes())).toBe(FILES * 1_000);
    expect(searches()).toEqual([expect.stringMatching(/SCAN files USING COVERING INDEX files_ready/)]);
  });

  it('knows where footage ends from the last row of an index', () => {
    expect(cheap(5, () => ledger.coveredUntil('cam3'))).toBe(NOON + (2 * FILES + 3) * MINUTE);
    expect(searches().filter((step) => step.includes(' files '))).toEqual([
      // With no sort after it, and one row wanted: the last of the index.
      expect.stringMatching(/COVERING INDEX files_end \(camera=\? AND kind=\?/),
      expect.stringMatching(/COVERING INDEX files_end \(camera=\? AND kind=\?/),
    ]);
  });

  it('reads a day as a range of time', () => {
    const day = cheap(400, () => ledger.files.between('cam2', NOON, NOON + 1_440 * MINUTE));
    expect(day.length).toBeGreaterThanOrEqual(360);
    expect(searches()).toEqual([expect.stringMatching(/files_span \(camera=\? AND start>\? AND start<\?\)/)]);
  });

  it('pages through what is here, not through what was ever there', () => {
    expect(cheap(500, () => ledger.files.expectedNames(0, 500))).toHaveLength(500);
    expect(searches()).toEqual([expect.stringMatching(/INDEX files_ready \(id>\?\)/)]);
    cheap(100, () => ledger.files.removable(100));
    expect(searches()[0]).toMatch(/INDEX files_local/);
  });

  it('knows to whom files are owed from a step for each remote', () => {
    expect(cheap(2, () => ledger.owed.remotes())).toEqual(['far']);
    const steps = searches().filter((step) => step.includes(' deliveries '));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(step).toMatch(/COVERING INDEX deliveries_\w+ \(remote>\?\)/);
  });

  it('counts what is to be looked at again, and when, from an index alone', () => {
    db.exec(`BEGIN; INSERT INTO deliveries (file, remote, state, attempts, next_attempt_at, camera, urgency)
      SELECT id, 'near', 'doubted', 1, ${NOON} + id, camera, 2 FROM files WHERE state = 'ready';`);
    expect(cheap(1, () => ledger.doubts.ahead('near'))).toEqual({ files: FILES, firstAt: NOON + FILES + 1 });
    db.exec('ROLLBACK');
    expect(searches()).toEqual([expect.stringMatching(/COVERING INDEX deliveries_doubted \(remote=\?\)/)]);
  });

  it('reports the status in a few rows', () => {
    const cameras = new Map(['cam0', 'cam1', 'cam2', 'cam3'].map((name) => [name, { recording: true }]));
    const remotes = new Map([['far', { state: 'waiting' as const }]]);
    const now = NOON + 10_000 * MINUTE;
    const disk = { freeBytes: 1e12, minFreeBytes: 1e9 };
    const report = cheap(1_500, () =>
      statusReport({
        ...{ site: 'home', version: '0', now, running: true, ledger },
        cameras,
        remotes,
        disk,
        deadlineMs: 60_000,
      }),
    );
    expect(report.cameras[0]).toMatchObject({ gaps24h: 1_440, backlog: { files: FILES / 4 } });
    expect(searches().filter((step) => step.includes(' gaps '))[0]).toMatch(/gaps_end \(camera=\? AND end>\?\)/);
  });
});
