import type { Failure } from '../../lib/errors.js';

/** A place that could not be looked at, or not to its end: nothing is known of it. */
export interface NotLookedAt {
  /** The name of its store, or of the remote where not even that was learnt. */
  where: string;
  reason: string;
  hint?: string;
  /** The owner says in the configuration that nobody can: not to be green over it would help nobody. */
  meant?: true;
}

/** Some may put and never list, and are to stay so. */
export function hintOf({ code, hint }: Failure, remote: string): string | undefined {
  if (code !== 'permission-denied') return hint;
  return `${hint ? `${hint} ` : ''}Where it may never look: name it in archive.remotes, if \`archive\` shows what lies there; else write remotes.${remote}.verify: false.`;
}
