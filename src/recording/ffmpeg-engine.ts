import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ended, spawnDependent, stopChild, tail } from '../../lib/child.js';
import type { Clock } from '../../lib/clock.js';
import { EventQueue } from '../../lib/event-queue.js';
import { redact } from '../../lib/redact.js';
import { relayTls } from '../../lib/rtsp/tls-relay.js';
import { type SegmentArguments, segmentArguments, sourceList } from './arguments.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from './engine.js';
import { failureOf, isAudioRefused, ProgressReader, segmentLine } from './ffmpeg-output.js';
import { LastHeard } from './last-heard.js';

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
    const relay = await relayTls(options.source);
    try {
      yield* this.#record({ ...options, source: relay.source }, options.source.url, signal);
    } catch (error) {
      throw relay.failure ?? error;
    } finally {
      relay.close();
    }
  }

  /** `url`: by which the stream is known; that of a relay is another one each time. */
  async *#record(options: RecordOptions, url: string, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const { source } = options;
    for (;;) {
      const audio = options.audio === 'none' ? 'none' : this.#transcode.has(url) ? 'aac' : 'copy';
      const attempt = new Attempt(this.#ffmpeg, options, audio, this.#clock);
      const result = yield* attempt.events(signal);
      if (signal.aborted) return;
      // Killed, it had not waited for the camera: it only had no time to say what came last.
      const quiet = result.code !== null && result.quietMs > (result.streamed ? QUIET_MS : NEVER_HEARD_MS);
      if (result.code === 0) throw failureOf('', { streamed: true, quiet });
      const stderr = redact(result.stderr, [source.password]);
      if (audio === 'copy' && !result.streamed && isAudioRefused(stderr)) {
        this.#transcode.add(url);
        continue;
      }
      throw failureOf(stderr, { streamed: result.streamed, quiet, transport: source.transport });
    }
  }
}

/** Waiting for a silent camera, ffmpeg hears late that it is told to end (`SOCKET_TIMEOUT_US`); by then it has closed its file. */
const GRACE_MS = 8_000;

/**
 * ffmpeg ends 8.8 s after the last frame of a camera that fell silent (`SOCKET_TIMEOUT_US`), and at once when it hangs up: half way, so that
 * neither a report that came late nor an end that was noticed late on a busy machine makes the one of the other.
 */
const QUIET_MS = 6_000;

/** Before the first frame it waits half as long. */
const NEVER_HEARD_MS = 3_000;

interface AttemptResult {
  code: number | null;
  stderr: string;
  /** Whether any frame arrived. */
  streamed: boolean;
  /** How long nothing had come when it ended. */
  quietMs: number;
}

/** One ffmpeg process, from start to end. */
class Attempt {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #stderr: () => string;
  readonly #heard: LastHeard;

  constructor(ffmpeg: string, options: RecordOptions, audio: SegmentArguments['audio'], clock: Clock) {
    this.#directory = options.directory;
    this.#clock = clock;
    this.#heard = new LastHeard(clock);
    this.#child = spawnDependent(ffmpeg, segmentArguments({ segmentMs: options.segmentMs, audio }), {
      cwd: options.directory,
      env: { ...process.env, TZ: 'UTC', GLIBC_TUNABLES: lean(process.env.GLIBC_TUNABLES) },
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
    const stop = () => stopChild(child, this.#clock, GRACE_MS);
    const gone = ended(child);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    const events = this.#parse(gone);
    let streamed = false;
    try {
      for await (const event of events) {
        streamed = true;
        yield event;
      }
      const { quietMs } = this.#heard;
      return { code: (await gone).code, stderr: this.#stderr(), streamed, quietMs };
    } finally {
      signal.removeEventListener('abort', stop);
      // Reached early when the consumer stops listening: then nobody needs the child any more.
      stop();
      await gone;
    }
  }

  /** Both of ffmpeg's reports as one stream of events, in the order they were read. */
  #parse(gone: Promise<unknown>): EventQueue<EngineEvent> {
    const events = new EventQueue<EngineEvent>();
    const progress = new ProgressReader();
    lines(this.#child.stdio[3] as Readable, (line) => {
      const event = progress.line(line);
      if (!event) return;
      // The report at the end tells of frames that may have come long before.
      if (line === 'progress=end') this.#heard.ended(event.mediaMs);
      else this.#heard.reported(event.mediaMs);
      events.push(event);
    });
    lines(this.#child.stdout!, (line) => {
      const closed = segmentLine(line);
      if (!closed) return;
      const { name, startMs, endMs } = closed;
      this.#heard.closed(endMs);
      events.push({ type: 'segment', file: join(this.#directory, name), startMs, endMs });
    });
    gone.then(
      () => events.end(),
      (error: unknown) => events.fail(error),
    );
    return events;
  }
}

/**
 * The GNU C library keeps what is freed in small pieces apart, and joins it all each time something large is freed, as
 * each picture is: without, ffmpeg takes 2 % less of the processor. Where there is another library, nobody reads this.
 */
function lean(tunables: string | undefined): string {
  return [...(tunables ? [tunables] : []), 'glibc.malloc.mxfast=0'].join(':');
}

/** Less than `readline` does, and a third of its cost: this runs for every camera, always. What is read is ASCII. */
function lines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (bytes: Buffer) => {
    const whole = (rest + bytes.toString('latin1')).split('\n');
    rest = whole.pop()!;
    for (const line of whole) onLine(line);
  });
}
