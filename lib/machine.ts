import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** What goes on counting whoever sets the clock, until the machine starts anew. */
export interface Machine {
  /** Another one after each start; undefined where nobody knows. */
  boot: string | undefined;
  /** Since it started, with the time it slept. */
  uptimeMs(): number;
}

export function thisMachine(): Machine {
  return { boot: bootId(), uptimeMs: () => uptime() * 1_000 };
}

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux.
    return undefined;
  }
}
