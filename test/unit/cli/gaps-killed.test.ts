import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { createSpool, spoolLayout } from '../../../src/spool/layout.js';
import { acquireLock } from '../../../src/spool/lock.js';
import { command } from '../../simulators/command.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { MINUTE, NOON } from '../../simulators/storage.js';

let dir: string;
let config: string;
const layout = () => spoolLayout(join(dir, 'data'));

/** A camera was gone at noon, and still a minute later; it is ten minutes past. */
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'killed-'));
  config = join(dir, 'c.yaml');
  const streams = '{ streams: { main: "rtsp://127.0.0.1/a" } }';
  writeFileSync(config, `storage: { dir: ./data }\ntimezone: UTC\ncameras: { gate: ${streams} }\n`);
  createSpool(layout());
  const ledger = new Ledger(layout().ledger);
  ledger.gaps.open('gate', NOON, 'unreachable', 'Connection refused');
  ledger.gaps.extend('gate', NOON + MINUTE);
  ledger.close();
});
afterEach(() => rmSync(dir, { recursive: true }));

const gaps = async () => {
  const clock = new FakeClock(NOON + 10 * MINUTE);
  const { exit, stdout } = await command(['gaps', '-c', config, '--json'], {}, clock);
  expect(exit).toBe(0);
  return JSON.parse(stdout)[0].gaps as unknown[];
};
const at = (minutes: number) => new Date(NOON + minutes * MINUTE).toISOString();

it('of a killed recorder nobody says that a camera is still gone: since then it is the kill', async () => {
  expect(await gaps()).toMatchObject([
    { start: at(0), end: at(1), cause: 'unreachable', detail: 'Connection refused', lasts: false },
    { start: at(1), end: at(10), cause: 'recorder-crashed', detail: null, lasts: true },
  ]);
});

it('one that runs says that it lasts', async () => {
  const service = createServer((_, reply) => reply.end('{}')).listen(0, '127.0.0.1');
  await new Promise((resolve) => service.once('listening', resolve));
  const { port } = service.address() as AddressInfo;
  const lock = acquireLock(layout().lock);
  writeFileSync(layout().service, JSON.stringify({ url: `http://127.0.0.1:${port}`, token: 't' }));
  try {
    expect(await gaps()).toMatchObject([{ start: at(0), end: at(10), cause: 'unreachable', lasts: true }]);
  } finally {
    lock.release();
    service.close();
  }
});
