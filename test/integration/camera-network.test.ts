import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { until } from '../peers/until.js';

const HOLD = fileURLToPath(new URL('../simulators/hold-network.ts', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('leaves nothing of a test network behind, even when the test is killed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'network-'));
  const holder = spawn(process.execPath, ['--import', 'tsx', HOLD, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed = once(holder, 'exit').then(([code]) => Promise.reject(new Error(`it ended with status ${code}`)));
  const [line] = (await Promise.race([once(createInterface({ input: holder.stdout }), 'line'), failed])) as [string];
  // It ends once more, when it is killed.
  failed.catch(() => undefined);
  const pids = JSON.parse(line) as number[];
  // The switch, the recorder's host, and the camera's.
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  holder.kill('SIGKILL');
  // Namespaces without a name end with the last process in them.
  await until('every host of it to end', () => !pids.some(isAlive));
  await rm(dir, { recursive: true, force: true });
});
