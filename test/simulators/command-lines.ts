import { readdir, readFile } from 'node:fs/promises';

/** What every user of this machine can read of every process. Linux only. */
export async function everyCommandLine(): Promise<string> {
  const lines: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    // A process that ended meanwhile has none.
    lines.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  }
  return lines.join('\n');
}
