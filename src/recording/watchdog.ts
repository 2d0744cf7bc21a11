import { Beat } from '../../lib/beat.js';
import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { SILENT_HINT } from './engine.js';

/** No frame for this long: the camera is silent. That leaves time to end the process and connect anew within 15 s. */
const SILENT_MS = 9_000;

/** A camera may take longer than that to start a stream: noticed within 15 s, and the next attempts are given more. */
export const START_MS = 13_000;

/** A check that comes this late was not late because of the camera: the machine slept. Nobody is restarted for that. */
const SLEPT_MS = 5_000;

/** Ends a run when no frames arrive: a silent socket keeps a naive recorder waiting for ever. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #allowedMs: number;
  #fedAt: number;
  #checkedAt: number;
  #barked: Failure | undefined;
  readonly #onSilence: (failure: Failure) => void;
  readonly #beat: Beat;

  /**
   * `onSilence` is told at once; ending the process takes a moment longer. A stream may take `startMs` to begin. `beat`: at
   * which it looks; of its own where it is left out.
   */
  constructor(
    clock: Clock,
    onSilence: (failure: Failure) => void = () => undefined,
    startMs = START_MS,
    beat = new Beat(clock),
  ) {
    this.#clock = clock;
    this.#allowedMs = startMs;
    this.#onSilence = onSilence;
    this.#fedAt = this.#checkedAt = clock.monotonic();
    this.#beat = beat;
  }

  /** Aborts when the run has to end: because of silence, or because the signal given to `run` did. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  feed(): void {
    this.#fedAt = this.#clock.monotonic();
    this.#allowedMs = SILENT_MS;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Ends the run for another reason than silence. */
  end(failure: Failure): void {
    if (this.#stop.signal.aborted) return;
    this.#barked = failure;
    this.#onSilence(failure);
    this.#stop.abort();
  }

  throwIfBarked(): void {
    if (this.#barked) throw this.#barked;
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#stop.abort();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    this.#checkedAt = this.#clock.monotonic();
    await this.#beat.until(() => this.#check(), this.#stop.signal);
    signal.removeEventListener('abort', stop);
  }

  /** Whether there is nothing more to watch. */
  #check(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#checkedAt > SLEPT_MS) this.#fedAt = now;
    this.#checkedAt = now;
    if (now - this.#fedAt > this.#allowedMs) this.#bark(now - this.#fedAt);
    return this.#stop.signal.aborted;
  }

  #bark(silentMs: number): void {
    const silent = new Failure(`no picture for ${Math.round(silentMs / 1000)} s`, {
      kind: 'transient',
      code: 'silent',
      hint: SILENT_HINT,
    });
    this.end(silent);
  }
}
