import { describe, expect, it } from 'vitest';
import type { CameraStatus } from '../../../src/browse/api.js';
import { Zone } from '../../../web/src/timeline/zone.js';
import { doingOf, settling, tally } from '../../../web/src/wall/words.js';

const NOON = Date.UTC(2026, 4, 3, 12);
const zone = new Zone('Europe/Copenhagen');

const camera = (more: Partial<CameraStatus>): CameraStatus => ({
  ...{ name: 'gate', recording: false, lastFrameAt: null, lastVerifiedUploadAt: null, gaps24h: 0, gapSeconds24h: 0 },
  backlog: { files: 0, bytes: 0, oldestAt: null },
  ...more,
});
const off = { off: true, reason: 'recording is off by schedule' };
const delivered = { off: true, delivered: true, reason: 'delivered, not recorded here' };

describe('what the wall says of a camera', () => {
  it.each([
    [{ recording: true }, { mood: 'good', chip: 'Recording' }],
    [
      { recording: true, idle: true },
      { mood: 'good', chip: 'Waiting for motion' },
    ],
    [{ reason: 'no route' }, { mood: 'bad', chip: 'Not recording', sentence: 'no route' }],
    [delivered, { mood: 'good', chip: 'Delivered', sentence: 'delivered, not recorded here' }],
    [off, { mood: 'rest', chip: 'Off', sentence: 'recording is off by schedule' }],
    [
      { ...off, offUntil: '2026-05-03T17:00:00Z' },
      { mood: 'rest', chip: 'Off', sentence: 'Off by schedule until 19:00' },
    ],
    [
      { ...off, offUntil: '2026-05-04T05:00:00Z' },
      { mood: 'rest', chip: 'Off', sentence: 'Off by schedule until Mon, 4 May 2026, 07:00' },
    ],
  ])('%j', (more, doing) => {
    expect(doingOf(camera(more), zone, NOON)).toEqual(doing);
  });

  it('counts as owed what is to record, and names the others', () => {
    const idle = { recording: true, idle: true };
    const all = [{ recording: true }, {}, idle, off, delivered, delivered];
    expect(tally(all.map(camera))).toBe('1 of 3 cameras recording, 1 waiting for motion, 1 off, 2 delivered by others');
    expect(tally([{ recording: true }].map(camera))).toBe('1 of 1 camera recording');
  });
});

it.each([
  [undefined, ''],
  [{ files: 0, firstAt: null }, ''],
  [{ files: 1, firstAt: '2026-05-03T12:08:00Z' }, ', 1 file is there, and counts once looked at again: in 8 min'],
  [
    { files: 2, firstAt: '2026-05-03T12:08:00Z' },
    ', 2 files are there, and count once looked at again: the first in 8 min',
  ],
  [{ files: 2, firstAt: '2026-05-03T11:59:00Z' }, ', 2 files are there, and count once looked at again: due'],
])('what waits beside a remote that has nothing left to send is told: %j', (lookAgain, text) => {
  expect(settling({ lookAgain }, NOON)).toBe(text);
});
