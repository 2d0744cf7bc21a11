import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';

/** A file may go on for so long after its end was due: cameras send a keyframe every few seconds, the strangest every minute. */
const UNCUT_MS = 60_000;

const KEYLESS_HINT = "Set the camera's keyframe (I-frame) interval to 2 s; streams with none cannot be cut into files.";

/** The file that a run has open, and whether it ends when it should. */
export class OpenFile {
  readonly #clock: Clock;
  readonly #segmentMs: number;
  /** Media time at which it began; and since when, by the monotonic clock, its end is overdue. */
  #beganMs = 0;
  #overdueSince: number | undefined;

  constructor({ clock, segmentMs }: { clock: Clock; segmentMs: number }) {
    this.#clock = clock;
    this.#segmentMs = segmentMs;
  }

  begins(mediaMs: number): void {
    this.#beganMs = mediaMs;
    this.#overdueSince = undefined;
  }

  /** Pictures come, and no file ever ends: nothing of it would be sent. Judged twice, because what was held up comes all at once. */
  overdue(mediaMs: number): Failure | undefined {
    const lastMs = mediaMs - this.#beganMs;
    if (lastMs < this.#segmentMs + UNCUT_MS) return undefined;
    this.#overdueSince ??= this.#clock.monotonic();
    if (this.#clock.monotonic() - this.#overdueSince < UNCUT_MS / 2) return undefined;
    const message = `pictures came for ${Math.round(lastMs / 1_000)} s, and no keyframe a file could begin with`;
    return new Failure(message, { kind: 'transient', code: 'stream-invalid', hint: KEYLESS_HINT });
  }
}
