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

/**
 * A child of a recorder that was killed was asked to end by the kernel (`spawnDependent`) and may be about to. ffmpeg that is
 * asked twice leaves without the end of its file.
 */
const ENDING_MS = 2_000;

const POLL_MS = 100;

/**
 * Ends them: those that do not end by themselves are asked to (SIGTERM), so that they close their files, and killed after
 * `graceMs`. Resolves when they are gone, to how many there were.
 */
export async function endProcessesIn(root: string, clock: Clock, graceMs = 5_000): Promise<number> {
  const since = clock.monotonic();
  const patienceMs = Math.min(ENDING_MS, graceMs);
  const asked = new Set<number>();
  const seen = new Set<number>();
  for (;;) {
    const pids = await processesIn(root);
    if (pids.length === 0) return seen.size;
    const waitedMs = clock.monotonic() - since;
    for (const pid of pids) {
      seen.add(pid);
      if (waitedMs >= patienceMs + graceMs) kill(pid, 'SIGKILL');
      else if (waitedMs >= patienceMs && !asked.has(pid)) {
        kill(pid, 'SIGTERM');
        asked.add(pid);
      }
    }
    await clock.sleep(POLL_MS);
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
