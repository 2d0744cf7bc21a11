import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { type LiveCamera, type LiveMotion, type LiveRemote, statusReport } from '../../../src/operate/status.js';
import { newFile } from '../../simulators/storage.js';

const NOON = Date.UTC(2026, 4, 3, 12);
let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

function report(camera: LiveCamera, motion: Partial<LiveMotion> = {}, remote: LiveRemote = { state: 'idle' }) {
  const live = { moving: false, sources: [], needed: false, ...motion };
  return statusReport({
    ...{ site: 'home', version: '0', now: NOON, running: true, ledger },
    cameras: new Map([['gate', camera]]),
    motion: new Map([['gate', live]]),
    remotes: new Map([['aws', remote]]),
    ...{ disk: { freeBytes: 1e12, minFreeBytes: 1e9 }, deadlineMs: 60_000 },
  });
}

it('takes a camera that is off by schedule, or waits for motion, for what it is', () => {
  const rest = { off: true, offUntil: NOON + 3_600_000, reason: 'recording is off by schedule' };
  const off = report({ recording: false, ...rest });
  expect([off.state, off.problems]).toEqual(['ok', []]);
  expect(off.cameras[0]).toMatchObject({ ...rest, offUntil: '2026-05-03T13:00:00.000Z' });
  const idle = report({ recording: true, idle: true }, { lastAt: NOON - 1_000 });
  expect(idle.cameras[0]).toMatchObject({ idle: true, motion: { moving: false, lastAt: '2026-05-03T11:59:59.000Z' } });
});

it('tells scripts how much motion of the last day was off-site in time, by remote, and how late the slowest was', () => {
  ledger.deliveries.ensure('aws');
  // As of an hour ago, and one of the day before.
  const clips = [
    [NOON - 3_600_000, 20_000],
    [NOON - 1_800_000, 95_500],
    [NOON - 2 * 86_400_000, 500_000],
  ] as const;
  for (const [end, afterMs] of clips) {
    const id = ledger.files.begin(newFile(end - 10_000, { kind: 'motion', end }));
    ledger.files.setState(id, 'ready');
    ledger.deliveries.add(id, ['aws']);
    ledger.deliveries.verified(id, 'aws', end + afterMs, 'stat');
  }
  expect(report({ recording: true }).remotes[0]!.motion24h).toEqual({
    ...{ deadlineSeconds: 60, sent: 2, late: 1, worstSeconds: 95.5 },
  });
});

it('says which remote refuses, why, and when it is asked again', () => {
  const refused = {
    state: 'refused' as const,
    reason: 'the sign-in was refused. Check the key',
    retryAt: NOON + 60_000,
  };
  const { state, problems, remotes } = report({ recording: true }, {}, refused);
  expect([state, problems]).toEqual(['degraded', ['Uploads to aws fail: the sign-in was refused. Check the key']]);
  expect(remotes[0]).toMatchObject({ state: 'refused', retryAt: '2026-05-03T12:01:00.000Z' });
  const paused = {
    state: 'paused' as const,
    reason: 'the line is metered (wwan0): only motion is sent (upload.metered)',
  };
  expect(report({ recording: true }, {}, paused)).toMatchObject({ state: 'ok', problems: [], remotes: [paused] });
});

it('says which source of motion does not work, where something depends on it', () => {
  const sources = [
    { name: 'onvif', working: false, reason: 'no route' },
    { name: 'external', working: true },
  ];
  expect(report({ recording: true }, { sources, needed: true }).problems).toEqual([
    'Motion of gate is not noticed (onvif): no route',
  ]);
  expect(report({ recording: true }, { sources, needed: false }).state).toBe('ok');
  const starting = [{ name: 'onvif', working: false }];
  expect(report({ recording: true }, { sources: starting, needed: true }).state).toBe('ok');
});

it('says of a remote with nothing to send what is still to be looked at there', () => {
  expect(report({ recording: true }).remotes[0]!.lookAgain).toEqual({ files: 0, firstAt: null });
  for (const minutes of [20, 15]) {
    const id = ledger.files.begin(newFile(NOON - minutes * 60_000));
    ledger.files.setState(id, 'ready');
    ledger.deliveries.add(id, ['aws']);
    ledger.doubts.begin(id, 'aws', NOON, NOON + minutes * 60_000, 'stat', 'size');
  }
  const { remotes, cameras } = report({ recording: true });
  expect(cameras[0]!.backlog.files).toBe(2);
  expect(remotes[0]).toMatchObject({ state: 'idle', lookAgain: { files: 2, firstAt: '2026-05-03T12:15:00.000Z' } });
});
