import { createInterface } from 'node:readline/promises';
import { loadConfig } from '../config/load.js';
import { Ledger } from '../ledger/ledger.js';
import type { Debt, Release } from '../ledger/owed.js';
import { spoolLayout } from '../spool/layout.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { count, size, table, usage } from './format.js';
import { thereFor } from './storage-there.js';

interface ForgetOptions extends GlobalOptions {
  yes?: boolean;
}

/**
 * `nvr-uplink remote forget NAME`: ends what is still owed to a remote that is no longer configured. Says what that would
 * release, and does it only when told to: by `--yes`, or at a terminal. The recorder may run meanwhile.
 */
export async function remoteForget(context: Context, options: ForgetOptions, name: string): Promise<number> {
  const { config } = loadConfig(options.config, context.env);
  const remaining = Object.keys(config.remotes);
  if (remaining.includes(name)) {
    throw usage(`The remote ${JSON.stringify(name)} is configured`, 'Remove it from `remotes` first; then forget it.');
  }
  const { ledger: path } = spoolLayout(config.storage.dir);
  if (!thereFor(config, path))
    throw usage(`Nothing is owed to ${JSON.stringify(name)}`, `There is no ledger at ${path}.`);
  const ledger = new Ledger(path);
  try {
    const cameras = ledger.owed.release(name, remaining);
    if (cameras.length === 0) throw nothingOwed(name, ledger.owed.abandoned(remaining));
    if (!options.json) print(context, preview(name, cameras, remaining));
    const done = options.yes === true || (!options.json && (await agreed(context, name)));
    if (done) forget(ledger, name, remaining, context.clock.now());
    if (options.json) printJson(context, { remote: name, dryRun: !done, cameras });
    else print(context, done ? `${name} is forgotten.` : 'Nothing was changed. Do it with --yes.');
    return EXIT.ok;
  } finally {
    ledger.close();
  }
}

function forget(ledger: Ledger, name: string, remaining: readonly string[], now: number): void {
  ledger.transaction(() => {
    // A remote that was added meanwhile is owed all that waits, before anything counts as delivered.
    for (const remote of remaining) ledger.deliveries.ensure(remote);
    ledger.owed.forget(name, remaining, now);
  });
}

function nothingOwed(name: string, abandoned: readonly { remote: string }[]) {
  const others = abandoned.map(({ remote }) => remote).join(', ');
  return usage(
    `Nothing is owed to a remote ${JSON.stringify(name)}`,
    others ? `No longer configured, and owed something: ${others}` : 'There is nothing to forget.',
  );
}

function preview(name: string, cameras: readonly Release[], remaining: readonly string[]): string {
  const told = ({ files, bytes }: Debt) => (files === 0 ? 'none' : `${count(files, 'file')}, ${size(bytes)}`);
  const rows = cameras.map(({ camera, released, kept }) => [camera, told(released), told(kept)]);
  const others = remaining.join(' and ');
  return [
    `No longer owed to ${name}:`,
    '',
    table(['CAMERA', 'COUNT AS DELIVERED', 'STAY'], rows),
    '',
    others
      ? `What ${others} verified counts as delivered, and is freed in time; what is not verified there stays.`
      : 'No other remote is configured: all of it stays on this disk.',
  ].join('\n');
}

/** Asks at a terminal; anywhere else the answer is no. */
async function agreed(context: Context, name: string): Promise<boolean> {
  const isTerminal = (context.stdin as { isTTY?: boolean }).isTTY === true && context.stderr.isTTY === true;
  if (!isTerminal) return false;
  const prompt = createInterface({ input: context.stdin, output: context.stderr, terminal: true });
  try {
    const answer = await prompt.question(`Forget ${name}? [y/N] `, { signal: context.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}
