import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../lib/log.js';
import { App } from '../../src/app.js';
import { loadConfig } from '../../src/config/load.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';
import { type Clip, makeClip } from '../simulators/clip.js';
import { command } from '../simulators/command.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { MINUTE, NOON } from '../simulators/storage.js';

let clip: Clip;
let dir: string;
let file: string;
beforeAll(async () => {
  clip = await makeClip();
});
afterAll(() => clip.remove());

/** Two films of one camera, and nothing that knows of them; another camera is new. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lost-'));
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  for (const name of ['gate_20260503T115900Z_continuous.mp4', 'gate_20260503T120000Z_continuous.mp4'])
    copyFileSync(clip.sealed, join(layout.sent, name));
  writeFileSync(join(layout.sent, 'gate_20260503T120010Z_snapshot.jpg'), 'picture');
  file = join(dir, 'c.yaml');
  const camera = (port: number) => `{ streams: { main: "rtsp://127.0.0.1:${port}/x" } }`;
  writeFileSync(
    file,
    `storage: { dir: ./data }\ntimezone: UTC\ncameras: { gate: ${camera(9)}, yard: ${camera(10)} }\n`,
  );
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('from the last footage of a lost ledger until the next start nobody knows what was: a gap that says so, and no other time', async () => {
  const clock = new FakeClock(NOON + 30 * MINUTE);
  const now = clock.now();
  const { config } = loadConfig(file, {});
  const ffmpeg = { path: '/usr/bin/ffmpeg', version: '5' };
  const app = await App.open({ config, ffmpeg, clock, log: createLog({ write: () => undefined }) });
  const stop = new AbortController();
  const running = app.run(stop.signal);
  const found = (camera: string) =>
    app.ledger.gaps.between(camera, 0, 2 * now).map(({ start, end, cause }) => [start, end, cause]);
  let end: number;
  try {
    await until('the films to be adopted', () => app.ledger.files.backlog('gate').files === 3);
    await until('the failure', () => found('gate').at(-1)?.[2] === 'unreachable');
    end = app.ledger.files.byName('gate_20260503T120000Z_continuous.mp4')!.end;
    expect(found('gate')).toEqual([
      [end, now, 'ledger-lost'],
      [now, undefined, 'unreachable'],
    ]);
    await clock.advance(15_000);
    await until('the other failure', () => found('yard').at(-1)?.[2] === 'unreachable');
    expect(found('yard')).toMatchObject([[expect.any(Number), undefined, 'unreachable']]);
    expect(found('yard')[0]![0]).toBeGreaterThanOrEqual(now);
  } finally {
    stop.abort();
    await running;
  }
  const asked = ['gaps', '-c', file, '--camera', 'gate', '--from', new Date(NOON).toISOString()];
  const later = new FakeClock(clock.now() + MINUTE);
  const { exit, stdout } = await command(asked, {}, later);
  expect(stdout).toMatch(/^gate +.* 30 min +the recorder's ledger was lost, and with it what became of this time$/m);
  expect(stdout).not.toContain('NOT ACCOUNTED FOR');
  expect(exit).toBe(0);
});
