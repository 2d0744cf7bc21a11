import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A way from a near host to a far one, and how to run a command on either. */
export interface Line {
  name: string;
  /** The far host's address, seen from the near one. */
  address: string;
  near(command: readonly string[]): string[];
  far(command: readonly string[]): string[];
  close(): Promise<void>;
}

export interface WanOptions {
  name: string;
  rttMs: number;
  mbit: number;
  lossPercent?: number;
}

export function loopback(): Line {
  const here = (command: readonly string[]) => [...command];
  return { name: 'loopback', address: '127.0.0.1', near: here, far: here, close: async () => undefined };
}

const WAN = fileURLToPath(new URL('../wan.py', import.meta.url));

/** Two hosts in network namespaces, joined by a long line. Needs root. */
export async function wan({ name, rttMs, mbit, lossPercent = 0 }: WanOptions): Promise<Line> {
  const [near, far] = [`bench-near-${process.pid}`, `bench-far-${process.pid}`];
  const shape = ['--rtt-ms', `${rttMs}`, '--mbit', `${mbit}`, '--loss-percent', `${lossPercent}`];
  const child: ChildProcess = spawn('python3', [WAN, near, far, ...shape], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  await Promise.race([
    once(child.stdout!, 'data'),
    gone.then(() => Promise.reject(new Error('The line could not be built: it needs root and /dev/net/tun'))),
  ]);
  const inside = (namespace: string) => (command: readonly string[]) => ['ip', 'netns', 'exec', namespace, ...command];
  return {
    ...{ name, address: '10.99.0.2', near: inside(near), far: inside(far) },
    close: async () => {
      child.stdin!.end();
      await gone;
    },
  };
}
