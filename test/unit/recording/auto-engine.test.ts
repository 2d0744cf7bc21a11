import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { createLog } from '../../../lib/log.js';
import { UnsupportedStream } from '../../../lib/rtsp/failures.js';
import { AutoEngine } from '../../../src/recording/auto-engine.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from '../../../src/recording/engine.js';

/** Says what it is told to, and notes what it was asked for. */
class Scripted implements RecordingEngine {
  readonly asked: string[] = [];
  constructor(
    readonly name: string,
    readonly failure: (options: RecordOptions) => Error | undefined = () => undefined,
  ) {}

  async *record(options: RecordOptions): AsyncIterable<EngineEvent> {
    this.asked.push(`${options.source.url} ${options.audio}`);
    const failure = this.failure(options);
    if (failure) throw failure;
    yield { type: 'segment', file: this.name, startMs: 0, endMs: 1 };
  }
}

const lines: string[] = [];
const log = createLog({ write: (line) => lines.push(line) });

async function record(
  engine: RecordingEngine,
  url: string,
  audio: 'aac' | 'none' = 'aac',
  signal = new AbortController().signal,
) {
  const files: string[] = [];
  const options = { source: { url, username: 'u', password: 'CANARY' }, directory: '/d', segmentMs: 1, audio };
  for await (const event of engine.record(options, signal)) if (event.type === 'segment') files.push(event.file);
  return files;
}

describe('the engine that chooses', () => {
  it('takes the cheaper one where it can, and asks no other', async () => {
    const [first, second] = [new Scripted('first'), new Scripted('second')];
    const auto = new AutoEngine(first, second, log);
    expect(await record(auto, 'a')).toEqual(['first']);
    expect(second.asked).toEqual([]);
  });

  it('leaves a stream to the other for good, says so once, and only that stream', async () => {
    lines.length = 0;
    const first = new Scripted('first', ({ source, audio }) =>
      source.url === 'b' && audio === 'aac' ? new UnsupportedStream('sound as PCMU') : undefined,
    );
    const second = new Scripted('second');
    const auto = new AutoEngine(first, second, log);
    for (let time = 0; time < 3; time++) expect(await record(auto, 'b')).toEqual(['second']);
    expect(await record(auto, 'b', 'none')).toEqual(['first']);
    expect(await record(auto, 'a')).toEqual(['first']);
    expect(first.asked).toEqual(['b aac', 'b none', 'a aac']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('sound as PCMU');
    expect(lines[0]).not.toContain('CANARY');
  });

  it('asks again where the other could not record either: the camera may only just have woken up', async () => {
    let awake = false;
    const first = new Scripted('first', () => (awake ? undefined : new UnsupportedStream('no pictures')));
    const failure = new Failure('no', { kind: 'transient', code: 'stream-invalid' });
    const auto = new AutoEngine(first, new Scripted('second', () => failure), log);
    await expect(record(auto, 'c')).rejects.toBe(failure);
    awake = true;
    expect(await record(auto, 'c')).toEqual(['first']);
  });

  it('leaves nothing to the other once it is told to end', async () => {
    const stop = new AbortController();
    const first = new Scripted('first', () => {
      stop.abort();
      return new UnsupportedStream('no pictures');
    });
    const second = new Scripted('second');
    expect(await record(new AutoEngine(first, second, log), 'd', 'aac', stop.signal)).toEqual([]);
    expect(second.asked).toEqual([]);
  });

  it('leaves no failure but that to the other', async () => {
    const failure = new Failure('no', { kind: 'transient', code: 'stream-invalid' });
    const second = new Scripted('second');
    const auto = new AutoEngine(new Scripted('first', () => failure), second, log);
    await expect(record(auto, 'a')).rejects.toBe(failure);
    expect(second.asked).toEqual([]);
  });
});
