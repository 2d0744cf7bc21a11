import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '../../lib/backoff.js';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Ledger } from '../ledger/ledger.js';
import type { GapCause } from '../segment.js';
import type { EngineEvent, RecordingEngine, StreamSource } from './engine.js';
import { RunClock } from './run-clock.js';
import { Watchdog } from './watchdog.js';

/** Takes over closed working files. Declared here because the spool is the only way on from recording. */
export interface SegmentSink {
  finish(segment: {
    camera: string;
    run: string;
    seq: number;
    file: string;
    start: number;
    end: number;
  }): Promise<void>;
  /** The run is over: whatever else is in its folder was cut off, and is saved as far as it is whole. */
  salvage(run: { camera: string; run: string; directory: string }): Promise<void>;
}

export interface RecorderOptions {
  camera: string;
  source: StreamSource;
  segmentMs: number;
  audio: 'aac' | 'none';
  /** This camera's folder for runs. */
  work: string;
  engine: RecordingEngine;
  sink: SegmentSink;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  /** Why the time before our first frame is missing. */
  firstCause: GapCause;
}

/** What the status shows of a camera. */
export interface RecorderState {
  recording: boolean;
  reason?: string;
  lastFrameAt?: number;
  /** The folder of the run under way. */
  directory?: string;
}

/** A run that lasted this long worked: the next failure starts with a short wait again. */
const PROVEN_MS = 60_000;

/** Records one camera for ever: connects, records, reconnects; each interruption becomes a gap with its cause. */
export class Recorder implements Service {
  readonly name: string;
  readonly camera: string;
  readonly state: RecorderState = { recording: false, reason: 'starting' };
  readonly #options: RecorderOptions;
  readonly #backoff = new Backoff(1_000, 10_000);
  #coveredUntil: number | undefined;
  /** A gap that is still to be noted. */
  #owed: { cause: GapCause; detail?: string } | undefined;

  constructor(options: RecorderOptions) {
    this.camera = options.camera;
    this.name = `recorder ${options.camera}`;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, camera, firstCause } = this.#options;
    this.#owed = { cause: firstCause };
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const failure = await this.#runOnce(signal);
      if (signal.aborted) break;
      if (clock.monotonic() - startedAt > PROVEN_MS) this.#backoff.reset();
      const waitMs = this.#backoff.next();
      this.#interrupted(failure);
      log.warn({ camera, code: failure.code, hint: failure.hint }, `${failure.message}; retry in ${seconds(waitMs)}`);
      await clock.sleep(waitMs, signal);
    }
    this.state.recording = false;
    this.state.reason = 'stopped';
    this.#owed = { cause: 'recorder-stopped' };
    this.#noteGap();
  }

  /** One connection, from start to end. Returns why it ended; a stop by `signal` is not a failure but is returned too. */
  async #runOnce(signal: AbortSignal): Promise<Failure> {
    const run = new Run(this.#options, this.state);
    try {
      // Whoever cannot note that footage is missing cannot note footage either: the next attempt may.
      if (!this.#noteGap())
        return new Failure('the ledger cannot be written', { kind: 'transient', code: 'disk-full' });
      await run.record(signal);
      return new Failure('stopped', { kind: 'aborted', code: 'stopped' });
    } catch (error) {
      if (error instanceof Failure) return error;
      return new Failure(messageOf(error), { kind: 'transient', code: codeOf(error), cause: error });
    } finally {
      run.end();
      this.#coveredUntil = run.coveredUntil ?? this.#coveredUntil;
    }
  }

  #interrupted(failure: Failure): void {
    this.state.recording = false;
    this.state.reason = failure.hint ? `${failure.message}. ${failure.hint}` : failure.message;
    this.#owed = { cause: causeOf(failure), detail: failure.message };
    this.#noteGap();
  }

  /**
   * Opens the gap that is due, from where footage ends: what was closed, even if it is still being sealed, or else what
   * the ledger knows. On a full disk it stays due; false then.
   */
  #noteGap(): boolean {
    const { camera, ledger, clock, log } = this.#options;
    if (!this.#owed) return true;
    try {
      const known = Math.max(this.#coveredUntil ?? 0, ledger.coveredUntil(camera) ?? 0);
      ledger.gaps.open(camera, known || clock.now(), this.#owed.cause, this.#owed.detail);
      this.#owed = undefined;
      return true;
    } catch (error) {
      log.error({ camera, error: messageOf(error) }, 'a gap could not be noted; tried again');
      return false;
    }
  }
}

/** One uninterrupted connection: its folder, its clock, its segments. */
class Run {
  readonly #id = randomBytes(6).toString('hex');
  readonly #options: RecorderOptions;
  readonly #state: RecorderState;
  readonly #directory: string;
  readonly #runClock: RunClock;
  #seq = 0;
  #end: { mediaMs: number; wall: number } | undefined;
  #anchored = false;
  #begun = false;

  constructor(options: RecorderOptions, state: RecorderState) {
    this.#options = options;
    this.#state = state;
    this.#directory = join(options.work, this.#id);
    this.#runClock = new RunClock(options.clock.now(), options.clock.monotonic());
  }

  async record(signal: AbortSignal): Promise<void> {
    const { camera, clock, engine, ledger, source, segmentMs, audio } = this.#options;
    await mkdir(this.#directory, { recursive: true });
    this.#begun = true;
    ledger.runs.start(this.#id, camera, clock.now());
    this.#state.directory = this.#directory;
    const watchdog = new Watchdog(clock, ({ message }) =>
      Object.assign(this.#state, { recording: false, reason: message }),
    );
    const watching = watchdog.run(signal);
    try {
      const options = { source, directory: this.#directory, segmentMs, audio };
      for await (const event of engine.record(options, watchdog.signal)) {
        // A file that is closed because the run ends says nothing of the camera.
        if (!watchdog.signal.aborted) this.#alive(watchdog);
        if (event.type === 'progress') this.#progress(event);
        else this.#segment(event);
      }
      watchdog.throwIfBarked();
    } catch (error) {
      // Ended by the watchdog, the engine's own last words are only an echo of that.
      watchdog.throwIfBarked();
      throw error;
    } finally {
      watchdog.stop();
      await watching;
    }
  }

  /** Wall time of the end of the last closed segment. */
  get coveredUntil(): number | undefined {
    return this.#end?.wall;
  }

  end(): void {
    const { ledger, clock, sink, camera, log } = this.#options;
    this.#state.directory = undefined;
    if (!this.#begun) return;
    try {
      ledger.runs.end(this.#id, clock.now(), 'ended');
    } catch (error) {
      // The next start ends it, as after a crash.
      log.error({ camera, error: messageOf(error) }, 'the end of a run could not be noted');
    }
    // Not awaited: saving files must not delay the camera's return. It never rejects.
    void sink.salvage({ camera, run: this.#id, directory: this.#directory });
  }

  #alive(watchdog: Watchdog): void {
    watchdog.feed();
    this.#state.recording = true;
    this.#state.reason = undefined;
    this.#state.lastFrameAt = this.#options.clock.now();
  }

  #progress(event: Extract<EngineEvent, { type: 'progress' }>): void {
    const { clock } = this.#options;
    if (this.#runClock.arrived(event.mediaMs, clock.monotonic())) this.#anchor();
  }

  /** The run's start is known: it is written down, and the gap before it ends there. */
  #anchor(): void {
    const { ledger, camera } = this.#options;
    const wall = this.#runClock.wallAt(0);
    if (this.#anchored || wall === undefined) return;
    this.#anchored = true;
    ledger.runs.anchor(this.#id, wall);
    ledger.gaps.close(camera, wall);
  }

  #segment(event: Extract<EngineEvent, { type: 'segment' }>): void {
    const { camera, clock, sink } = this.#options;
    if (!this.#runClock.settled) {
      // A run this short may have reported nothing else yet: a file is closed when the next one's first frame arrives.
      this.#runClock.arrived(event.endMs, clock.monotonic());
      this.#runClock.settle(event.endMs);
    }
    this.#anchor();
    const fallback = clock.now() - event.endMs;
    const wallAt = (mediaMs: number) => this.#runClock.wallAt(mediaMs) ?? fallback + mediaMs;
    // Segments of a run join exactly: drift correction must not open a gap between them.
    const joins = this.#end !== undefined && Math.abs(event.startMs - this.#end.mediaMs) < 1_000;
    const start = joins ? this.#end!.wall : wallAt(event.startMs);
    const end = Math.max(start, wallAt(event.endMs));
    this.#end = { mediaMs: event.endMs, wall: end };
    const seq = this.#seq++;
    // Never rejects; what cannot be finished now is tried again, and again at the next start.
    void sink.finish({ camera, run: this.#id, seq, file: event.file, start, end });
  }
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'stream-invalid';
}

const CAUSES: Record<string, GapCause> = {
  unreachable: 'unreachable',
  'sign-in-refused': 'sign-in-refused',
  silent: 'silent',
  'stream-ended': 'stream-ended',
  'disk-full': 'disk-full',
};

function causeOf(failure: Failure): GapCause {
  return CAUSES[failure.code] ?? 'stream-invalid';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
