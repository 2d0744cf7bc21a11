import { readdirSync, readFileSync } from 'node:fs';

/**
 * Stops processes as they are, at any instruction, and returns when every thread stands still: what is then killed was
 * killed at that moment. Waits without giving up its own thread, so that nothing else happens in this process meanwhile.
 */
export function suspend(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const deadline = performance.now() + 10_000;
  for (const pid of pids) {
    while (!stands(pid)) if (performance.now() > deadline) throw new Error(`process ${pid} does not stop`);
  }
}

function stands(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  // The state follows the name, which is in parentheses and may hold some itself.
  return readdirSync(threads).every((thread) => /\) [TZX] /.test(readFileSync(`${threads}/${thread}/stat`, 'utf8')));
}
