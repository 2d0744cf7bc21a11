import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/**
 * Hidden names for files that arrived and are not to be seen, changed or replaced by whoever brought them: `kept` ones are
 * whole, `cut` ones broke off. The name they came under can be read from theirs, so that nothing else has to remember it.
 */
export type Held = 'kept' | 'cut';

const HELD = /^\.(?<original>.+)\.[0-9a-f]{12}\.(?<state>kept|cut)$/s;

/** A name beside `path` that was never used before. */
export function heldName(path: string, state: Held): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.${state}`);
}

/** What a file of this name was called, and what is known of it; undefined for any other name. */
export function readHeldName(name: string): { original: string; state: Held } | undefined {
  const groups = HELD.exec(name)?.groups;
  return groups && { original: groups.original!, state: groups.state as Held };
}
