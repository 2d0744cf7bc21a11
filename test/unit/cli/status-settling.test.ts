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
let ledger: Ledger;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'settling-'));
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  ledger = new Ledger(layout.ledger);
  const gate = 'gate: { streams: { main: "rtsp://127.0.0.1/a" } }';
  const nas = 'nas: { type: folder, path: ./nas }';
  writeFileSync(join(dir, 'c.yaml'), `storage: { dir: ./data }\ncameras: { ${gate} }\nremotes: { ${nas} }\n`);
});
afterEach(() => {
  ledger.close();
  rmSync(dir, { recursive: true });
});

/** A file that is there, and is to be looked at again so many minutes past noon. */
function doubted(minutes: number): void {
  const id = ledger.files.begin(newFile(NOON - minutes * MINUTE));
  ledger.files.setState(id, 'ready');
  ledger.deliveries.add(id, ['nas']);
  ledger.doubts.begin(id, 'nas', NOON, NOON + minutes * MINUTE, 'stat', 'size');
}

const line = async (minutes: number) => {
  const { stdout } = await command(['status', '-c', join(dir, 'c.yaml')], {}, new FakeClock(NOON + minutes * MINUTE));
  expect(stdout).toMatch(/^gate .* [12] files?, /m);
  return /^nas .*$/m.exec(stdout)![0];
};

it('status says what files wait for beside a remote that has nothing to send', async () => {
  doubted(15);
  expect(await line(0)).toMatch(
    /^nas +idle +none +1 file is there, and counts once looked at again \(settle\): in 15 min$/,
  );
  doubted(20);
  expect(await line(0)).toMatch(/ 2 files are there, and count once looked at again \(settle\): the first in 15 min$/);
  expect(await line(16)).toMatch(/\(settle\): due$/);
});
