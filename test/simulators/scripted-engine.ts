import type { EngineEvent, RecordingEngine, RecordOptions } from '../../src/recording/engine.js';

/** One connection as a test plays it: what it says, until it is ended. */
export class Take {
  readonly #queue: (EngineEvent | Error | 'end')[] = [];
  #wake: () => void = () => undefined;
  /** Goes on after it was told to end, until it is played `end`. */
  slow = false;
  isOver = false;
  constructor(readonly options: RecordOptions) {}

  play(next: EngineEvent | Error | 'end'): void {
    this.#queue.push(next);
    this.#wake();
  }

  async *events(signal: AbortSignal): AsyncGenerator<EngineEvent> {
    signal.addEventListener('abort', () => this.#wake());
    while (true) {
      const next = this.#queue.shift();
      if (next instanceof Error) throw next;
      if (next === 'end' || (!next && signal.aborted && !this.slow)) {
        this.isOver = true;
        return;
      }
      if (next) yield next;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** Connections in the order they were made, each as a test plays it. */
export class ScriptedEngine implements RecordingEngine {
  readonly takes: Take[] = [];
  readonly startedAt: number[] = [];
  /** What connections end with at once. */
  refuse: Error | undefined;
  constructor(readonly monotonic: () => number) {}

  record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const take = new Take(options);
    this.takes.push(take);
    this.startedAt.push(this.monotonic());
    if (this.refuse) take.play(this.refuse);
    return take.events(signal);
  }
}
