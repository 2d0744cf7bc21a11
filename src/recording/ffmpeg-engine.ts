import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, type Readable } from 'node:stream';
import { ended, spawnDependent, stopChild, tail } from '../../lib/child.js';
import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { redact } from '../../lib/redact.js';
import { type SegmentArguments, SOCKET_TIMEOUT_MS, segmentArguments, sourceList } from './arguments.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from './engine.js';
import { failureOf, isAudioRefused, ProgressReader, segmentLine } from './ffmpeg-output.js';

/** One ffmpeg per stream, stream copy: a fault in one camera's stream cannot touch another's (invariant I7). */
export class FfmpegEngine implements RecordingEngine {
  readonly #ffmpeg: string;
  readonly #clock: Clock;
  /** Streams whose audio MP4 cannot hold: learnt from ffmpeg's refusal, which comes before the first frame. */
  readonly #transcode = new Set<string>();

  constructor(ffmpeg: string, clock: Clock) {
    this.#ffmpeg = ffmpeg;
    this.#clock = clock;
  }

  async *record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const { source } = options;
    for (;;) {
      const audio = options.audio === 'none' ? 'none' : this.#transcode.has(source.url) ? 'aac' : 'copy';
      const attempt = new Attempt(this.#ffmpeg, options, audio, this.#clock);
      const result = yield* attempt.events(signal);
      if (signal.aborted) return;
      if (result.silentMs >= SOCKET_TIMEOUT_MS - PROGRESS_MS) throw silence(result.silentMs);
      if (result.code === 0) throw failureOf('', true);
      const stderr = redact(result.stderr, [source.password]);
      if (audio === 'copy' && !result.streamed && isAudioRefused(stderr)) {
        this.#transcode.add(source.url);
        continue;
      }
      throw failureOf(stderr, result.streamed);
    }
  }
}

/** ffmpeg reports this often; frames may have come that long after the last report of any. */
const PROGRESS_MS = 1_000;

/** ffmpeg says of a camera that fell silent that its stream ended. */
function silence(ms: number): Failure {
  return new Failure(`no picture for ${Math.round(ms / 1000)} s`, {
    kind: 'transient',
    code: 'silent',
    hint: 'The connection was open but the camera sent nothing; it may need a restart.',
  });
}

interface AttemptResult {
  code: number | null;
  stderr: string;
  /** Whether any frame arrived. */
  streamed: boolean;
  /** How long before its end the last frames had arrived; 0 if none ever did. */
  silentMs: number;
}

/** One ffmpeg process, from start to end. */
class Attempt {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #stderr: () => string;

  constructor(ffmpeg: string, options: RecordOptions, audio: SegmentArguments['audio'], clock: Clock) {
    this.#directory = options.directory;
    this.#clock = clock;
    this.#child = spawnDependent(ffmpeg, segmentArguments({ segmentMs: options.segmentMs, audio }), {
      cwd: options.directory,
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#stderr = tail(this.#child);
    const stdin = this.#child.stdin!;
    // ffmpeg that could not start or was killed at once does not read its list; its exit says why.
    stdin.on('error', () => undefined);
    stdin.end(sourceList(options.source));
  }

  async *events(signal: AbortSignal): AsyncGenerator<EngineEvent, AttemptResult> {
    const child = this.#child;
    const stop = () => stopChild(child, this.#clock);
    const gone = ended(child);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    const events = this.#parse(gone);
    let heardAt: number | undefined;
    try {
      for await (const event of events as AsyncIterable<EngineEvent>) {
        if (event.type === 'progress') heardAt = this.#clock.monotonic();
        yield event;
      }
      const { code } = await gone;
      const silentMs = heardAt === undefined ? 0 : this.#clock.monotonic() - heardAt;
      return { code, stderr: this.#stderr(), streamed: heardAt !== undefined, silentMs };
    } finally {
      signal.removeEventListener('abort', stop);
      // Reached early when the consumer stops listening: then nobody needs the child any more.
      stop();
      await gone;
    }
  }

  /** Both of ffmpeg's reports as one stream of events, in the order they were read. */
  #parse(gone: Promise<unknown>): PassThrough {
    const events = new PassThrough({ objectMode: true });
    const progress = new ProgressReader();
    lines(this.#child.stdio[3] as Readable, (line) => {
      const event = progress.line(line);
      if (event) events.write(event);
    });
    lines(this.#child.stdout!, (line) => {
      const closed = segmentLine(line);
      if (!closed) return;
      const { name, startMs, endMs } = closed;
      events.write({ type: 'segment', file: join(this.#directory, name), startMs, endMs } satisfies EngineEvent);
    });
    gone.then(
      () => events.end(),
      (error: Error) => events.destroy(error),
    );
    return events;
  }
}

function lines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}
