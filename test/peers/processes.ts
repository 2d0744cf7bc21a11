import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** A port that was free a moment ago, for servers that cannot be asked to choose. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** All that a process started, and what they did. */
export async function descendants(root: number): Promise<{ pid: number; name: string }[]> {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end between the listing and the look.
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const match = /^\d+ \((.*)\) \S (\d+)/s.exec(stat);
    if (match) parents.set(Number(entry), { name: match[1]!, parent: Number(match[2]) });
  }
  const family: { pid: number; name: string }[] = [];
  const grow = (of: number) => {
    for (const [pid, { parent, name }] of parents) {
      if (parent !== of) continue;
      family.push({ pid, name });
      grow(pid);
    }
  };
  grow(root);
  return family;
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Already gone is what we wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
