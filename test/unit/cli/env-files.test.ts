import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { envFiles, loadEnvFiles } from '../../../src/cli/env-files.js';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'env-')));
  for (const folder of ['here', 'etc']) mkdirSync(join(dir, folder));
  vi.spyOn(process, 'cwd').mockReturnValue(join(dir, 'here'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
const at = (...names: string[]) => names.map((name) => join(dir, name));

it('are that beside the configuration file in use, which wins, and that of the current folder', () => {
  expect(envFiles(join(dir, 'etc/c.yaml'), {})).toEqual([]);
  write('here/.env', 'X=here\n');
  expect(envFiles(join(dir, 'etc/c.yaml'), {})).toEqual(at('here/.env'));
  write('etc/.env', 'X=beside\n');
  expect(envFiles(join(dir, 'etc/c.yaml'), {})).toEqual(at('etc/.env', 'here/.env'));
  expect(envFiles('../etc/c.yaml', {})).toEqual(at('etc/.env', 'here/.env'));
  expect(envFiles(undefined, { NVR_UPLINK_CONFIG: join(dir, 'etc/c.yaml') })).toEqual(at('etc/.env', 'here/.env'));
  expect(envFiles(join(dir, 'here/c.yaml'), { NVR_UPLINK_CONFIG: join(dir, 'etc/c.yaml') })).toEqual(at('here/.env'));
});

it('may name the configuration file from the current folder', () => {
  write('etc/.env', 'X=beside\n');
  write('here/.env', `NVR_UPLINK_CONFIG=${join(dir, 'etc/c.yaml')}\n`);
  expect(envFiles(undefined, {})).toEqual(at('etc/.env', 'here/.env'));
});

it('that may not be read end no command, and are told of', () => {
  const told: string[] = [];
  const loaded: string[] = [];
  const load = (path: string) => {
    if (path === '/etc/.env') throw new Error('EACCES: permission denied');
    loaded.push(path);
  };
  loadEnvFiles(['/etc/.env', './.env'], load, (line) => told.push(line));
  expect(loaded).toEqual(['./.env']);
  expect(told).toEqual([expect.stringMatching(/^\/etc\/\.env cannot be read, and .*EACCES/)]);
});
