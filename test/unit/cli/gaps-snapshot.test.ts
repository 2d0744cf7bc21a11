import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { createSpool, spoolLayout } from '../../../src/spool/layout.js';
import { command } from '../../simulators/command.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pictures-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('a picture taken while a film is recorded does not make the film missing', async () => {
  const config = join(dir, 'c.yaml');
  const streams = '{ streams: { main: "rtsp://127.0.0.1/a" } }';
  writeFileSync(config, `storage: { dir: ./data }\ntimezone: UTC\ncameras: { gate: ${streams} }\n`);
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  const picture = { start: NOON + 8 * MINUTE, end: NOON + 8 * MINUTE };
  for (const file of [
    newFile(NOON, { end: NOON + 5 * MINUTE }),
    newFile(picture.start, { ...picture, kind: 'snapshot' }),
  ]) {
    ledger.files.setState(ledger.files.begin(file), 'ready');
  }
  ledger.close();
  const told = await command(['gaps', '-c', config, '--json'], {}, new FakeClock(NOON + 9 * MINUTE));
  expect(JSON.parse(told.stdout)).toMatchObject([
    { recordedSeconds: 300, unaccountedSeconds: 0, until: new Date(NOON + 5 * MINUTE).toISOString(), delivered: false },
  ]);
  expect(told.exit).toBe(0);
  const asked = ['gaps', '-c', config, '--json', '--from', new Date(NOON + 7 * MINUTE).toISOString()];
  const later = await command(asked, {}, new FakeClock(NOON + 9 * MINUTE));
  expect(JSON.parse(later.stdout)).toMatchObject([{ unaccountedSeconds: 0, delivered: false }]);
});
