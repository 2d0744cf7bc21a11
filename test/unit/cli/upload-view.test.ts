import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { addTo, exitOf, summary, type Tally } from '../../../src/cli/upload.js';
import { jsonView } from '../../../src/cli/upload-view.js';
import type { BatchEvent } from '../../../src/upload/batch.js';
import { FakeClock } from '../../simulators/fake-clock.js';

it('tells programs of each file that begins and ends, and once a second how far it is, in whole lines', async () => {
  const [stdout, clock] = [new PassThrough(), new FakeClock()];
  let text = '';
  stdout.on('data', (chunk) => (text += String(chunk)));
  const [one, two] = [
    { path: '/a', key: 'home/uploads/a', bytes: 100 },
    { path: '/b', key: 'home/uploads/b', bytes: 50 },
  ];
  const view = jsonView({ stdout, clock }, 'nas', [one!, two!]);
  view.event({ type: 'started', file: one! });
  for (const bytes of [10, 20, 30, 40]) {
    view.event({ type: 'progress', file: one!, bytes });
    await clock.advance(400);
  }
  view.event({ type: 'skipped', file: two!, compared: true });
  view.event({ type: 'progress', file: one!, bytes: 90 });
  const error = new Failure('The server is full', {
    kind: 'transient',
    code: 'remote-full',
    hint: 'Free space there.',
  });
  view.event({ type: 'failed', file: one!, error });
  const told = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const about = { remote: 'nas', key: one!.key };
  const progress = { event: 'progress', ...about, of: 100, allBytes: 150 };
  expect(told).toEqual([
    { event: 'started', ...about, bytes: 100 },
    { ...progress, bytes: 10, allDone: 10 },
    { ...progress, bytes: 40, allDone: 40 },
    { event: 'skipped', remote: 'nas', compared: true, key: two!.key, bytes: 50 },
    { event: 'failed', ...about, bytes: 100, error: 'The server is full. Free space there.', code: 'remote-full' },
  ]);
});

it('does not call verified what was seen once after an upload of it had failed, and says when to look again', () => {
  const [stdout, clock] = [new PassThrough(), new FakeClock()];
  const total: Tally = {
    ...{ stored: 0, unproven: 0, seenOnce: 0, lateMs: 0 },
    ...{ skipped: 0, uncompared: 0, failed: 0, leftOut: 0, bytes: 0 },
  };
  const file = { path: '/a', key: 'home/uploads/a', bytes: 100 };
  const proof = { sha256: 'a', crc64nvme: 'b', proven: 'size', provenBy: 'stat' } as const;
  const stored = (lateMs: number): BatchEvent => ({ type: 'stored', file, receipt: { ...file, ...proof }, lateMs });
  addTo(total, stored(0));
  expect(exitOf(total)).toBe(0);
  expect(summary(total, 2)).toBe('1 stored and verified (100 B in 2 s)');
  addTo(total, stored(900_000));
  expect(exitOf(total)).toBe(3);
  expect(summary(total, 2)).toBe(
    '1 stored and verified (200 B in 2 s), 1 stored, NOT yet verified. An upload of 1 file had failed before, and the size was seen but once: ' +
      'the server may still put the part of that one over it. Look again in 15 min with the same command',
  );
  const view = jsonView({ stdout, clock }, 'nas', [file]);
  view.event(stored(0));
  view.event(stored(900_000));
  const lines = String(stdout.read()).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).lookAgainInSeconds)).toEqual([undefined, 900]);
});
