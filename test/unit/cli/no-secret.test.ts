import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { createSpool, spoolLayout } from '../../../src/spool/layout.js';
import { command } from '../../simulators/command.js';
import { NOON, newFile } from '../../simulators/storage.js';

let dir: string;
let file: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'no-secret-'));
  file = join(dir, 'c.yaml');
  mkdirSync(join(dir, 'nas'));
  const layout = spoolLayout(join(dir, 'data'));
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  ledger.files.setState(ledger.files.begin(newFile(NOON)), 'removed');
  ledger.close();
  const secret = (name: string) => ['$', `{${name}}`].join('');
  const off = { type: 'sftp', host: '127.0.0.1', port: 1, username: 'u', password: secret('OFF_PASSWORD') };
  const config = {
    storage: { dir: './data' },
    cameras: { gate: { address: '127.0.0.1:1', username: 'admin', password: secret('GATE_PASSWORD') } },
    remotes: { off: { ...off, host_key: `SHA256:${'A'.repeat(43)}` } },
    archive: { type: 'folder', path: './nas' },
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
});
afterAll(() => rmSync(dir, { recursive: true }));

it.each([
  ['status', []],
  ['gaps', []],
  ['ls', []],
])('%s needs no secret, and asks for none', async (name, more) => {
  const { exit, stdout, stderr } = await command([name, '-c', file, '--json', ...more]);
  expect(stderr).toBe('');
  expect([0, 3]).toContain(exit);
  expect(JSON.stringify(stdout)).not.toContain('config-invalid');
});

it('verify asks for that of the remotes it signs in to, and for no camera’s', async () => {
  const { exit, stderr } = await command(['verify', '-c', file]);
  expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining('OFF_PASSWORD is not set') });
  expect(stderr).not.toContain('GATE_PASSWORD');
});

it('run and config validate ask for all of them', async () => {
  for (const name of [['run'], ['config', 'validate']]) {
    const { exit, stderr } = await command([...name, '-c', file]);
    expect([exit, stderr]).toEqual([
      2,
      expect.stringMatching(/GATE_PASSWORD is not set[\s\S]*OFF_PASSWORD is not set/),
    ]);
  }
});
