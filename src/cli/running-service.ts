import { readFileSync } from 'node:fs';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Config } from '../config/schema.js';
import { spoolLayout } from '../spool/layout.js';
import { isHeld } from '../spool/lock.js';
import { thereFor } from './storage-there.js';

/** What came of asking the recorder; `silent`: it runs all the same, by its lock, and why it cannot be asked. */
export type Asked = { reply: Response } | { silent: string } | { absent: true };

const PATIENCE_MS = 5_000;

/** Whether a recorder runs on this storage folder, or was killed on it. Throws as `thereFor`. */
export function hasService(config: Config): boolean {
  return thereFor(config, spoolLayout(config.storage.dir).service);
}

/** Whether one runs, and is well enough to say so. */
export async function isRunning(config: Config, clock: Clock): Promise<boolean> {
  return 'reply' in (await askService(config, '/api/v1/status', clock));
}

/** Asks the recorder that is running on this storage folder. Rejects as `thereFor`. */
export async function askService(config: Config, path: string, clock: Clock): Promise<Asked> {
  const { service, lock } = spoolLayout(config.storage.dir);
  if (!hasService(config)) return isHeld(lock) ? { silent: STARTING } : { absent: true };
  // Killed, and the file that says where it was outlived it: whoever has its port by now is a stranger.
  if (isHeld(lock) === false) return { absent: true };
  let pid: number | undefined;
  try {
    const told = JSON.parse(readFileSync(service, 'utf8')) as { pid: number; url: string; token: string };
    pid = told.pid;
    const reply = await fetchWithin(new URL(path, told.url), told.token, clock);
    if (reply.ok) return { reply };
    throw new Error(`it answers with HTTP ${reply.status}`);
  } catch (error) {
    // Stopped at this moment.
    if (!isHeld(lock)) return { absent: true };
    const hang = pid === undefined ? '' : ` See whether it hangs: ps -o pid,stat,etime,args -p ${pid}`;
    return { silent: `The recorder runs, and does not answer: ${messageOf(error)}.${hang}` };
  }
}

const STARTING = 'The recorder runs, and cannot be asked yet: it is starting, or stopping. Ask again in a moment.';

/** All of the answer. `AbortSignal.timeout` holds no process: where nothing else does, this one would end without a word. */
async function fetchWithin(url: URL, token: string, clock: Clock): Promise<Response> {
  const stop = new AbortController();
  const done = new AbortController();
  void clock.sleep(PATIENCE_MS, done.signal).then(() => {
    if (!done.signal.aborted) stop.abort(new Error(`nothing came within ${PATIENCE_MS / 1_000} s`));
  });
  try {
    const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: stop.signal });
    return new Response(await reply.arrayBuffer(), reply);
  } finally {
    done.abort();
  }
}
