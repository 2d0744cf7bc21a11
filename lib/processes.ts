import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Clock } from './clock.js';

/**
 * Processes whose working directory is `root` or below it, other than ourselves: children of a recorder that was
 * killed. Linux only (`/proc`); elsewhere none are found.
 */
export async function processesIn(root: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc').catch(() => [] as string[])) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // A process that ended meanwhile, or is not ours to look at, has no working directory we could read.
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if ((cwd === root || cwd.startsWith(`${root}/`)) && (await isRunning(pid))) found.push(pid);
  }
  return found;
}

async function isRunning(pid: number): Promise<boolean> {
  // A zombie still has a working directory but will never write again.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Ends them: SIGTERM, so that they close their files, and SIGKILL after `graceMs`. Resolves when they are gone. */
export async function endProcessesIn(root: string, clock: Clock, graceMs = 5_000): Promise<number> {
  const deadline = clock.monotonic() + graceMs;
  let ended = 0;
  for (let round = 0; ; round++) {
    const pids = await processesIn(root);
    if (pids.length === 0) return ended;
    if (round === 0) ended = pids.length;
    const signal = clock.monotonic() > deadline ? 'SIGKILL' : 'SIGTERM';
    if (round === 0 || signal === 'SIGKILL') for (const pid of pids) kill(pid, signal);
    await clock.sleep(50);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: it ended by itself meanwhile, which is what we want.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
