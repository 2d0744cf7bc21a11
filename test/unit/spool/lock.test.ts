import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock, isHeld } from '../../../src/spool/lock.js';

const LOCK = fileURLToPath(new URL('../../../src/spool/lock.ts', import.meta.url));

let path: string;
let dir: string;
let other: ChildProcess | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(dir, 'lock.db');
});
afterEach(() => {
  other?.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

/** Another process that takes the lock, says so, and holds it until it is killed. */
async function holder(): Promise<ChildProcess> {
  const script = `import { acquireLock, isHeld } from ${JSON.stringify(LOCK)};
    acquireLock(${JSON.stringify(path)}); console.log('held'); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

const refused = () => expect(() => acquireLock(path)).toThrow(expect.objectContaining({ code: 'already-running' }));

describe('one recorder to a storage folder', () => {
  it('refuses a second process, with a hint, until the first is killed outright', async () => {
    other = await holder();
    refused();
    expect(() => acquireLock(path)).toThrow(expect.objectContaining({ hint: expect.stringContaining('storage.dir') }));
    const gone = once(other, 'exit');
    other.kill('SIGKILL');
    await gone;
    // The kernel lets go when the process is gone: nothing stale is left, and nobody has to clean up.
    acquireLock(path).release();
  });

  it('refuses a second one in the same process, and another after the first let go', () => {
    const first = acquireLock(path);
    refused();
    first.release();
    const second = acquireLock(path);
    refused();
    second.release();
  });

  it('can be looked at without being taken', async () => {
    expect(isHeld(path)).toBe(false);
    other = await holder();
    expect(isHeld(path)).toBe(true);
    const gone = once(other, 'exit');
    other.kill('SIGKILL');
    await gone;
    expect(isHeld(path)).toBe(false);
    acquireLock(path).release();
  });

  it('takes an error of the disk for what it is', () => {
    expect(() => acquireLock(join(dir, 'missing', 'lock.db'))).toThrow(/unable to open/i);
  });
});
