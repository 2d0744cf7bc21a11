/**
 * `permanent`: trying the same again cannot help until somebody acts (wrong password, changed host key, no permission).
 * `transient`: trying again later may help. `aborted`: we stopped it ourselves.
 */
export type FailureKind = 'permanent' | 'transient' | 'aborted';

export interface FailureOptions {
  kind: FailureKind;
  /** Stable, kebab-case: what scripts and the UI switch on, e.g. `host-key-changed`. */
  code: string;
  /** What the reader can do about it: one sentence, ideally the next command to run. */
  hint?: string;
  cause?: unknown;
}

/** An error that says whether to try again, and what to do. Messages never contain secrets (invariant I6). */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(message: string, options: FailureOptions) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.kind = options.kind;
    this.code = options.code;
    this.hint = options.hint;
  }
}

/** The message of anything thrown, in one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** Whether trying again later may help. Unknown errors count as transient: giving up is the costlier mistake. */
export function isPermanent(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'permanent';
}
