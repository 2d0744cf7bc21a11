import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { TreeMeter, usageOf } from '../../../bench/process-tree.js';
import { systemClock } from '../../../lib/clock.js';

const BURNT_SECONDS = 0.6;
/** Linux counts in hundredths of a second, cut off rather than rounded, user and system apart. */
const LEAST_SECONDS = BURNT_SECONDS - 0.05;
/** Uses that much, nearly all of it in user space: asking for the time used is a system call. */
const BURN = `node -e '
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  while (used() < ${BURNT_SECONDS * 1e6}) for (let i = 0; i < 1e6; i++);
'`;
const HELD_BYTES = 80e6;
const HOLD = `node -e 'globalThis.held = Buffer.alloc(${HELD_BYTES}, 1); console.log("ready"); setInterval(() => {}, 1e9);'`;

describe('measuring a process tree', () => {
  let shell: ChildProcess;
  let lines: Interface;
  afterEach(() => {
    process.kill(-shell.pid!, 'SIGKILL');
  });

  /** Resolves to the shell's process id once the script printed a line. */
  async function start(script: string): Promise<number> {
    shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    lines = createInterface({ input: shell.stdout! });
    await once(lines, 'line');
    return shell.pid!;
  }

  it('counts the time of children that have already ended', async () => {
    const { cpuSeconds, processes } = await usageOf(await start(`${BURN}; echo ready; read _`));
    expect(processes).toBe(1);
    expect(cpuSeconds).toBeGreaterThanOrEqual(LEAST_SECONDS);
    expect(cpuSeconds).toBeLessThan(BURNT_SECONDS * 2);
  });

  it('counts the memory of all below, however deep, and of nobody else', async () => {
    const { rssBytes, pssBytes, processes } = await usageOf(await start(`sh -c "sh -c '${quoted(HOLD)}; :'; :"; :`));
    expect(processes).toBe(4);
    expect(pssBytes).toBeGreaterThan(HELD_BYTES);
    expect(rssBytes).toBeGreaterThan(pssBytes);
    expect(rssBytes).toBeLessThan(HELD_BYTES * 3);
  });

  it('measures what is used meanwhile, not what was used before', async () => {
    const root = await start(`${BURN}; echo ready; read _; ${BURN}; echo done; read _`);
    const meter = await TreeMeter.start(root, systemClock, 20);
    const done = once(lines, 'line');
    shell.stdin!.write('go\n');
    await done;
    const { cpuSeconds, wallSeconds, rssBytes } = await meter.stop();
    expect(cpuSeconds).toBeGreaterThanOrEqual(LEAST_SECONDS);
    expect((await usageOf(root)).cpuSeconds - cpuSeconds).toBeGreaterThanOrEqual(LEAST_SECONDS);
    expect(wallSeconds).toBeGreaterThanOrEqual(LEAST_SECONDS);
    expect(rssBytes.peak).toBeGreaterThan(20e6);
    expect(rssBytes.mean).toBeLessThan(rssBytes.peak);
  });

  it('misses nothing between the last sample and the stop', async () => {
    const root = await start(`echo ready; read _; ${BURN}; echo done; read _`);
    const hour = 3_600_000;
    const meter = await TreeMeter.start(root, systemClock, hour);
    const done = once(lines, 'line');
    shell.stdin!.write('go\n');
    await done;
    expect((await meter.stop()).cpuSeconds).toBeGreaterThanOrEqual(LEAST_SECONDS);
  });

  it('does not take a program that is gone for one that uses nothing', async () => {
    const root = await start('echo ready; exec sleep 1000');
    const meter = await TreeMeter.start(root, systemClock, 20);
    const gone = once(shell, 'exit');
    shell.kill('SIGKILL');
    await gone;
    await expect(usageOf(root)).rejects.toThrow(`Process ${root} is gone`);
    await expect(meter.stop()).rejects.toThrow(`Process ${root} is gone`);
    // The group is empty now; afterEach needs one to end.
    await start('echo ready; read _');
  });
});

/** For within single quotes within double quotes of a shell. */
function quoted(script: string): string {
  return script.replaceAll("'", `'\\''`).replaceAll('"', '\\"');
}
