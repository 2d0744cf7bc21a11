import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../config/schema.js';
import { spoolLayout } from '../spool/layout.js';

/** Whether a recorder runs on this storage folder, or was killed on it. */
export function hasService(config: Config): boolean {
  return existsSync(spoolLayout(config.storage.dir).service);
}

/** Whether one runs, and is well enough to say so. */
export async function isRunning(config: Config): Promise<boolean> {
  return (await askService(config, '/api/v1/status')) !== undefined;
}

/** Asks the recorder that is running on this storage folder; undefined where none runs, or it does not answer well. */
export async function askService(config: Config, path: string): Promise<Response | undefined> {
  if (!hasService(config)) return undefined;
  try {
    const { service } = spoolLayout(config.storage.dir);
    const { url, token } = JSON.parse(readFileSync(service, 'utf8')) as { url: string; token: string };
    const reply = await fetch(new URL(path, url), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    });
    return reply.ok ? reply : undefined;
  } catch {
    // Killed, and the file that says where it was outlived it; or stopped at this moment.
    return undefined;
  }
}
