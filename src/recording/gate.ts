/**
 * What of a stream is to be kept, where not all of it is. Times are of the monotonic clock, and of when pictures were made, which
 * may be a while before they come.
 */
export interface Gate {
  /** Whether something of what was made from `fromMs` to `toMs` is to be kept, as far as is known by now. */
  wants(fromMs: number, toMs: number): boolean;
  /** What was made before may be forgotten: it is not wanted, and will not be. */
  forgetsBefore(): number;
  /** What may be held in memory of what is not wanted yet. */
  readonly memoryBytes: number;
  /** Files of different sections are kept apart: those of a time that is recorded for another reason. */
  sectionAt(ms: number): string;
}
