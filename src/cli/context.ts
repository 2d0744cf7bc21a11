import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../lib/clock.js';

/** What a command gets from the outside; `bin/` fills it in, tests do otherwise. */
export interface Context {
  env: Readonly<Record<string, string | undefined>>;
  /** Adds to `env` what a `.env` file says, where it is not set. Without, no such file is read. */
  loadEnvFile?: (path: string) => void;
  stdin: Readable;
  stdout: Writable & { isTTY?: boolean };
  stderr: Writable & { isTTY?: boolean };
  clock: Clock;
  /** Aborts when the user asks to stop (first SIGINT or SIGTERM). */
  signal: AbortSignal;
}

/** Options every command understands. */
export interface GlobalOptions {
  config?: string;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

/** Exit statuses scripts rely on (design.md §11). */
export const EXIT = { ok: 0, failed: 1, usage: 2, degraded: 3 } as const;

export function version(): string {
  // Two levels up in the sources, three in `dist`: the first package.json of ours that is there.
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as Record<
        string,
        string
      >;
      if (name === 'nvr-uplink') return version!;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}

export function print(context: Context, text: string): void {
  context.stdout.write(`${text}\n`);
}

export function printJson(context: Context, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value)}\n`);
}
