import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '../../../src/operate/metrics.js';
import { statusReport } from '../../../src/operate/status.js';
import { MINUTE, NOON, Storage } from '../../simulators/storage.js';

let storage: Storage;
let metrics: Metrics;
beforeEach(() => {
  storage = new Storage(['far', 'near']);
  metrics = new Metrics(storage.ledger, 75_000, () => storage.clock.now());
});
afterEach(() => storage.close());

/** As Prometheus reads them: name and labels, and the value. */
async function scrape(): Promise<Map<string, number>> {
  const [now, deadlineMs, minFreeBytes] = [storage.clock.now(), 75_000, 1e9];
  const report = statusReport({
    ...{ site: 'home', version: '1.2.3', now, running: true, ledger: storage.ledger, deadlineMs },
    cameras: new Map([['gate', { recording: true, lastFrameAt: now - 2_000 }]]),
    remotes: new Map([
      ['far', { state: 'refused' as const, reason: 'the password hush-hush was refused' }],
      ['near', undefined],
    ]),
    disk: { freeBytes: 5e8, minFreeBytes },
  });
  const text = await metrics.text({ report, now, minFreeBytes, deadlineMs });
  expect(text).not.toContain('hush-hush');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) expect(line).toMatch(/^[a-z_0-9]+(?:\{(?:[a-z_]+="[^"]*",?)+\})? -?[0-9.e+]+$/);
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('figures for Prometheus', () => {
  it('count what was recorded since the start, each file once, and none that is only on its way', async () => {
    await storage.commit({ start: NOON });
    expect((await scrape()).get('nvr_uplink_recorded_seconds_total{camera="gate",kind="continuous"}')).toBe(60);
    await storage.commit({ start: NOON + MINUTE });
    await storage.commit({ start: NOON + 2 * MINUTE, kind: 'motion', end: NOON + 2 * MINUTE + 5_000 });
    const last = await storage.commit({ start: NOON + 3 * MINUTE });
    storage.ledger.files.setState(last.id, 'committing');
    const told = await scrape();
    expect(told.get('nvr_uplink_recorded_seconds_total{camera="gate",kind="continuous"}')).toBe(120);
    expect(told.get('nvr_uplink_recorded_seconds_total{camera="gate",kind="motion"}')).toBe(5);
    storage.ledger.files.setState(last.id, 'ready');
    expect((await scrape()).get('nvr_uplink_recorded_seconds_total{camera="gate",kind="continuous"}')).toBe(180);
  });

  it('tell how long motion took to be off-site, by remote, with the configured deadline as one of the limits', async () => {
    const { ledger, clock } = storage;
    for (const [n, lateMs] of [10_000, 74_000, 76_000].entries()) {
      const file = await storage.commit({ start: NOON + n * MINUTE, end: NOON + n * MINUTE + 5_000, kind: 'motion' });
      clock.stepWall(file.end + lateMs - clock.now());
      ledger.deliveries.verified(file.id, 'far', clock.now(), 'stat');
    }
    const quiet = await storage.commit({ start: NOON - 60 * MINUTE });
    ledger.deliveries.verified(quiet.id, 'far', clock.now(), 'stat');
    // What is to be looked at once more is off-site as well; a lost ledger's files count as neither.
    const doubted = await storage.commit({ start: NOON + 9 * MINUTE, end: NOON + 9 * MINUTE + 5_000, kind: 'motion' });
    clock.stepWall(doubted.end + 1_000 - clock.now());
    ledger.doubts.begin(doubted.id, 'far', clock.now(), clock.now() + MINUTE, 'stat', 'size');
    const adopted = await storage.commit({ start: NOON - 9 * MINUTE, kind: 'motion', source: 'adopted' });
    ledger.deliveries.verified(adopted.id, 'far', clock.now(), 'stat');
    const told = await scrape();
    const upTo = (le: string) => told.get(`nvr_uplink_motion_offsite_seconds_bucket{le="${le}",remote="far"}`);
    expect([upTo('5'), upTo('10'), upTo('60'), upTo('75'), upTo('90'), upTo('+Inf')]).toEqual([1, 2, 2, 3, 4, 4]);
    expect(told.get('nvr_uplink_motion_deadline_seconds')).toBe(75);
    expect(told.get('nvr_uplink_uploaded_files_total{remote="far",kind="motion"}')).toBe(5);
    expect(told.get('nvr_uplink_uploaded_bytes_total{remote="far"}')).toBe(
      [0, 1, 2].reduce((sum, n) => sum + `at ${NOON + n * MINUTE}`.length, 0) + 3 * `at ${NOON}`.length,
    );
  });

  it('tell gaps by cause, cut to the last day, one that lasts too', async () => {
    const { ledger, clock } = storage;
    ledger.gaps.add('gate', NOON - 25 * 60 * MINUTE, NOON - 23 * 60 * MINUTE, 'unreachable');
    ledger.gaps.add('gate', NOON - 10 * MINUTE, NOON - 8 * MINUTE, 'unreachable');
    ledger.gaps.add('gate', NOON - 5 * MINUTE, NOON - 4 * MINUTE, 'silent');
    expect(clock.now()).toBe(NOON);
    const told = await scrape();
    const gap = (cause: string) => told.get(`nvr_uplink_camera_gap_seconds_24h{camera="gate",cause="${cause}"}`);
    expect([gap('unreachable'), gap('silent'), gap('dropped')]).toEqual([3_600 + 120, 60, undefined]);
  });

  it('tell what waits for each remote, what failed, how each is, and what is wrong', async () => {
    const { ledger, clock } = storage;
    const moved = await storage.commit({ start: NOON - 10 * MINUTE, kind: 'motion', end: NOON - 9 * MINUTE });
    await storage.commit({ start: NOON - 5 * MINUTE });
    ledger.deliveries.verified(moved.id, 'near', clock.now(), 'stat');
    ledger.deliveries.postponed(moved.id, 'far', clock.now() + MINUTE, 'no route');
    ledger.deliveries.postponed(moved.id, 'far', clock.now() + MINUTE, 'no route');
    const told = await scrape();
    const expected: [string, number][] = [
      ['remote_backlog_files{remote="far",what="motion"}', 1],
      ['remote_backlog_files{remote="far",what="rest"}', 1],
      ['remote_backlog_files{remote="near",what="motion"}', 0],
      ['remote_motion_waiting_seconds{remote="far"}', 540],
      ['remote_motion_waiting_seconds{remote="near"}', 0],
      ['upload_failures_total{remote="far"}', 2],
      ['remote_state{remote="far",state="refused"}', 1],
      ['state{state="degraded"}', 1],
      ['problem{condition="remote-failing:far"}', 1],
      ['problem{condition="deadline-missed:far"}', 1],
      ['problem{condition="disk-full"}', 1],
      ['camera_backlog_files{camera="gate"}', 2],
      ['camera_recording{camera="gate"}', 1],
      ['camera_last_frame_timestamp_seconds{camera="gate"}', NOON / 1_000 - 2],
      ['disk_free_bytes', 5e8],
      ['disk_reserve_bytes', 1e9],
      ['info{version="1.2.3",site="home"}', 1],
    ];
    expect(expected.map(([name]) => [name, told.get(`nvr_uplink_${name}`)])).toEqual(expected);
  });
});
