import type { GapCause } from '../segment.js';
import type { Run } from './run.js';

export const UNSET = 'the clock is not set yet: waiting for time, recording meanwhile';

/** What the archive is told of such a run, with the gap before it. */
export const COUNTED_BACK = 'then recorded by a clock that was not set yet, and dated once it was';

interface Undated {
  run: Run;
  /** Why what lies before it is missing. */
  owed: { cause: GapCause; detail?: string } | undefined;
}

/** Connections made while the clock was not set, in their order. Their media is in their folders, and their times are still to come. */
export class UndatedRuns {
  readonly #runs: Undated[] = [];

  add(run: Run, owed: Undated['owed']): void {
    this.#runs.push({ run, owed });
  }

  shift(byMs: number): void {
    for (const { run } of this.#runs) run.shift(byMs);
  }

  /** Those of which anything came. */
  begun(): (Undated & { beganAt: number })[] {
    return this.#runs.flatMap(({ run, owed }) =>
      run.beganAt === undefined ? [] : [{ run, owed, beganAt: run.beganAt }],
    );
  }

  /** Those of which nothing came until now; one of them may be waiting for its first picture. */
  dateRest(era: number): void {
    for (const { run } of this.#runs) if (run.beganAt === undefined) run.date(era);
  }
}
