import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** What goes on counting whoever sets the clock, until the machine starts anew. */
export interface Machine {
  /** Another one after each start; undefined where nobody knows. */
  boot: string | undefined;
  /** Since it started, with the time it slept. */
  uptimeMs(): number;
}

export function thisMachine(read = (path: string): string => readFileSync(path, 'utf8')): Machine {
  return { boot: bootId(read), uptimeMs: () => uptime() * 1_000 };
}

/** Nor does anybody where `lxcfs` shows a container an uptime of its own: it begins anew while the machine's boot goes on. */
function bootId(read: (path: string) => string): string | undefined {
  try {
    if (/ \/proc\/uptime /.test(read('/proc/self/mountinfo'))) return undefined;
    return read('/proc/sys/kernel/random/boot_id').trim();
  } catch {
    // Not Linux.
    return undefined;
  }
}
