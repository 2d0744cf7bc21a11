import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLog } from '../../lib/log.js';
import { App } from '../../src/app.js';
import { configSchema } from '../../src/config/schema.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';
import { FakeClock } from '../simulators/fake-clock.js';

it('a recorder that was killed during an outage calls a crash only what came after it was last there', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'app-'));
  const layout = spoolLayout(dir);
  const clock = new FakeClock();
  const now = clock.now();
  createSpool(layout);
  const killed = new Ledger(layout.ledger);
  killed.gaps.open('gate', now - 240_000, 'stream-invalid');
  killed.gaps.extend('gate', now - 8_000);
  killed.close();
  const cameras = { gate: { streams: { main: 'rtsp://127.0.0.1:9/x' } } };
  const config = configSchema.parse({ storage: { dir }, cameras });
  const ffmpeg = { path: '/usr/bin/ffmpeg', version: '5' };
  const app = await App.open({ config, ffmpeg, clock, log: createLog({ write: () => undefined }) });
  const stop = new AbortController();
  const running = app.run(stop.signal);
  const found = () => app.ledger.gaps.between('gate', 0, 2 * now).map(({ start, end, cause }) => [start, end, cause]);
  try {
    await until('the failure', () => found().at(-1)![2] === 'unreachable');
    expect(found()).toEqual([
      [now - 240_000, now - 8_000, 'stream-invalid'],
      [now - 8_000, now, 'recorder-crashed'],
      [now, undefined, 'unreachable'],
    ]);
  } finally {
    stop.abort();
    await running;
    await rm(dir, { recursive: true, force: true });
  }
});
