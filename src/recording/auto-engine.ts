import type { Log } from '../../lib/log.js';
import { UnsupportedStream } from '../../lib/rtsp/failures.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from './engine.js';

/**
 * Records with `first`, which is the cheaper one, and leaves to `second` what `first` does not take. Which streams those are is
 * learnt from its refusal, which comes before the first frame, and remembered once `second` has recorded something: a camera
 * that only just woke up may have had nothing to show.
 */
export class AutoEngine implements RecordingEngine {
  readonly #first: RecordingEngine;
  readonly #second: RecordingEngine;
  readonly #log: Log;
  readonly #refused = new Set<string>();

  constructor(first: RecordingEngine, second: RecordingEngine, log: Log) {
    this.#first = first;
    this.#second = second;
    this.#log = log;
  }

  async *record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent> {
    // The same stream without its sound may be one that `first` takes.
    const key = `${options.audio} ${options.source.url}`;
    const refusal = this.#refused.has(key) ? undefined : yield* this.#try(options, signal);
    if (signal.aborted || refusal === 'recorded') return;
    for await (const event of this.#second.record(options, signal)) {
      if (refusal) this.#remember(key, refusal, options);
      yield event;
    }
  }

  /** Returns why `first` does not take the stream. */
  async *#try(
    options: RecordOptions,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, UnsupportedStream | 'recorded'> {
    try {
      yield* this.#first.record(options, signal);
      return 'recorded';
    } catch (error) {
      if (error instanceof UnsupportedStream) return error;
      throw error;
    }
  }

  #remember(key: string, { message }: UnsupportedStream, { directory }: RecordOptions): void {
    if (this.#refused.has(key)) return;
    this.#refused.add(key);
    this.#log.info({ directory }, `${message}; ffmpeg records it from now on`);
  }
}
