import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, runChild, spawnDependent, stopChild, tail } from '../../lib/child.js';
import { systemClock } from '../../lib/clock.js';
import { endProcessesIn, processesIn } from '../../lib/processes.js';
import { until } from '../peers/until.js';
import { FakeClock } from '../simulators/fake-clock.js';

const CHILD = fileURLToPath(new URL('../../lib/child.ts', import.meta.url));
const never = () => new AbortController().signal;

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'child-')));
});
afterEach(async () => {
  await endProcessesIn(dir, systemClock, 0);
  await rm(dir, { recursive: true });
});

describe('a child process', () => {
  it('is run to its end: output, the end of its errors, and its status', async () => {
    const result = await runChild('sh', ['-c', 'cat; echo bad >&2; exit 3'], never(), { input: 'in' });
    expect({ ...result, stdout: String(result.stdout) }).toEqual({
      code: 3,
      signal: null,
      stdout: 'in',
      stderr: 'bad',
    });
  });

  it('is ended by the signal, and by writing too much', async () => {
    const stop = new AbortController();
    const running = runChild('sleep', ['60'], stop.signal);
    stop.abort();
    expect((await running).signal).toBe('SIGTERM');
    await expect(runChild('yes', [], never(), { maxBytes: 10_000 })).rejects.toThrow('more than 10000 bytes');
    await expect(runChild('true', [], AbortSignal.abort())).rejects.toThrow();
  });

  it('is killed when it does not end by itself', async () => {
    const clock = new FakeClock();
    const child = spawnDependent('sh', ['-c', 'trap "" TERM; echo on; while :; do sleep 0.1; done'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout!, 'data');
    stopChild(child, clock, 5_000);
    await clock.advance(4_999);
    expect(child.signalCode).toBeNull();
    await clock.advance(1);
    expect(await ended(child)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('does not outlive us, and is not hit by what the terminal sends to us', async () => {
    const script = `import { spawnDependent } from ${JSON.stringify(CHILD)};
      spawnDependent('sleep', ['60'], { cwd: ${JSON.stringify(dir)}, stdio: 'ignore' }); setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: 'inherit',
    });
    await until('the child', async () => (await processesIn(dir)).length === 1);
    const [pid] = await processesIn(dir);
    const groupOf = async (id: number) => (await readFile(`/proc/${id}/stat`, 'utf8')).split(') ')[1]!.split(' ')[2];
    expect(await groupOf(pid!)).not.toBe(await groupOf(parent.pid!));
    parent.kill('SIGKILL');
    await until('the end of the child', async () => (await processesIn(dir)).length === 0);
  });

  it('shows whole lines of its errors only, so that no secret is cut in half', async () => {
    const print = async (command: string) => {
      const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
      const text = tail(child, 100);
      await ended(child);
      return text();
    };
    expect(await print('echo short >&2')).toBe('short');
    const long = await print('echo password-$(seq 1 60 | tr -d "\\n") >&2; echo end >&2');
    expect(long).toBe('end');
    expect(await print('printf secret-%s $(seq 1 100 | tr -d "\\n") >&2')).toBe('');
  });

  it('is found by the folder it works in, and ended, insistently', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo on; while :; do sleep 0.1; done'], {
      ...{ cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    await once(child.stdout!, 'data');
    expect(await processesIn(dir)).toContain(child.pid);
    expect(await processesIn(`${dir}x`)).toEqual([]);
    expect(await endProcessesIn(dir, systemClock, 100)).toBeGreaterThan(0);
    expect(await processesIn(dir)).toEqual([]);
    expect(await endProcessesIn(dir, systemClock)).toBe(0);
  });

  it.each([
    ['is not asked again while it is about to', 1_900, 'asked\n'],
    ['is asked when it does not', 2_100, 'asked\nasked\n'],
  ])('that ends because its recorder was killed %s', async (_, afterMs, heard) => {
    const file = join(dir, 'heard');
    const script = 'trap "echo asked >> heard" TERM; touch go; while [ -e go ]; do sleep 0.05; done';
    const child = spawn('sh', ['-c', script], { cwd: dir, stdio: 'ignore' });
    await until('it to listen', () => existsSync(join(dir, 'go')));
    const hears = async () => (existsSync(file) ? await readFile(file, 'utf8') : '');
    child.kill('SIGTERM');
    await until('it to be asked', async () => (await hears()) === 'asked\n');
    const clock = new FakeClock();
    const ending = endProcessesIn(dir, clock);
    for (let ms = 0; ms < afterMs; ms += 100) {
      // It looks at every process there is before it sleeps again.
      await until('a look', () => clock.sleeping > 0);
      await clock.advance(100);
    }
    await until('a look', () => clock.sleeping > 0);
    await until('what it should hear', async () => (await hears()) === heard);
    await rm(join(dir, 'go'));
    await once(child, 'exit');
    await clock.advance(100);
    expect(await ending).toBeGreaterThan(0);
    expect(await hears()).toBe(heard);
  });
});
