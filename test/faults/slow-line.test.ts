import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../simulators/slow-line-put.ts', import.meta.url));

/** 2 Mbit/s: what is sent takes several times as long as a peer may be silent. */
const BYTES = 4_000_000;
const STALL_MS = 4_000;
const KINDS = ['sftp', 'ftps', 's3', 'https'];

const namespace = (kind: string) => `slow-${tag}-${kind}`;
const tag = randomBytes(3).toString('hex');

/** A network of its own, in which everything goes over a slow loopback of Ethernet's packet size. */
function createSlowNetwork(name: string): void {
  const inside = (...args: string[]) => execFileSync('ip', ['netns', 'exec', name, ...args], { stdio: 'pipe' });
  execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
  // Larger ones would not fit through the shaper, and be lost.
  inside('ip', 'link', 'set', 'lo', 'up', 'mtu', '1500', 'gso_max_segs', '1', 'gso_max_size', '1500');
  inside('tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'tbf', 'rate', '2mbit', 'burst', '20k', 'latency', '300ms');
}

describe('a slow line is no stall', () => {
  let puts: Map<string, Promise<{ stdout: string }>>;

  beforeAll(() => {
    puts = new Map();
    for (const kind of KINDS) {
      createSlowNetwork(namespace(kind));
      const args = ['node', '--import', 'tsx', SCRIPT, kind, String(BYTES), String(STALL_MS)];
      // Side by side: each waits for its own line.
      const put = run('ip', ['netns', 'exec', namespace(kind), ...args]);
      // Told by the test that awaits it.
      put.catch(() => undefined);
      puts.set(kind, put);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(puts.values());
    for (const kind of KINDS) execFileSync('ip', ['netns', 'delete', namespace(kind)], { stdio: 'pipe' });
  });

  it.each(KINDS)('over %s', async (kind) => {
    const { stdout } = await puts.get(kind)!;
    const outcome = JSON.parse(stdout) as { proven?: string; ms: number };
    expect(outcome).toMatchObject({ proven: kind === 's3' ? 'checksum' : 'size' });
    expect(outcome.ms).toBeGreaterThan(2 * STALL_MS);
  });
});
