import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';

export type StepName =
  | 'dns'
  | 'tcp'
  | 'host key'
  | 'certificate'
  | 'sign-in'
  | 'write'
  | 'proof'
  | 'overwrite'
  | 'throughput'
  | 'clean-up';

/** One thing that was tried. */
export interface Step {
  step: StepName;
  ok: boolean;
  ms: number;
  /** What was found, or what went wrong. */
  detail: string;
  code?: string;
  /** What to do about it. */
  hint?: string;
}

/** What was begun when, and how far a new connection came by itself. */
export class Steps {
  readonly #clock: Clock;
  #current: StepName = 'write';
  #since = 0;
  readonly stages: { stage: 'tcp' | 'identity' | 'sign-in'; detail: string; at: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(step: StepName, since = this.#clock.monotonic()): void {
    this.#current = step;
    this.#since = since;
  }

  done(detail: string, at = this.#clock.monotonic()): Step {
    return { step: this.#current, ok: true, ms: Math.round(at - this.#since), detail };
  }

  failed(error: unknown): Step {
    const { code, hint } = error instanceof Failure ? error : { code: 'failed', hint: undefined };
    const ms = Math.round(this.#clock.monotonic() - this.#since);
    return { step: this.#current, ok: false, ms, detail: messageOf(error), code, hint };
  }

  reached(stage: 'tcp' | 'identity' | 'sign-in', detail: string): void {
    this.stages.push({ stage, detail, at: this.#clock.monotonic() });
  }
}
