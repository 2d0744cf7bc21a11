import type { Failure } from '../../lib/errors.js';
import type { EngineEvent, RecordingEngine, StreamSource } from '../../src/recording/engine.js';
import { until } from '../peers/until.js';

export type Progress = Extract<EngineEvent, { type: 'progress' }>;
export type Segment = Extract<EngineEvent, { type: 'segment' }>;

/** A recording under way, and what it has said so far. */
export class Take {
  readonly events: EngineEvent[] = [];
  readonly stop = new AbortController();
  /** How the iteration ended: an error, or nothing. */
  readonly ended: Promise<Failure | undefined>;
  isOver = false;

  constructor(
    engine: RecordingEngine,
    readonly directory: string,
    source: StreamSource,
    { segmentMs = 3_600_000, audio = 'aac' as 'aac' | 'none' } = {},
  ) {
    this.ended = this.#listen(engine.record({ source, directory, segmentMs, audio }, this.stop.signal));
  }

  async #listen(events: AsyncIterable<EngineEvent>): Promise<Failure | undefined> {
    try {
      for await (const event of events) this.events.push(event);
      return undefined;
    } catch (error) {
      return error as Failure;
    } finally {
      this.isOver = true;
    }
  }

  get progress(): Progress[] {
    return this.events.filter((event) => event.type === 'progress');
  }

  get segments(): Segment[] {
    return this.events.filter((event) => event.type === 'segment');
  }

  /** Until so much media has arrived. */
  async reached(ms: number): Promise<void> {
    await until(`${ms} ms of media`, () => this.isOver || (this.progress.at(-1)?.mediaMs ?? 0) >= ms);
    if (this.isOver) throw new Error(`ended before ${ms} ms: ${await this.ended}`);
  }

  async finish(): Promise<void> {
    this.stop.abort();
    const error = await this.ended;
    if (error) throw error;
  }
}
