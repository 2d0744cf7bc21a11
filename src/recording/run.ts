import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Failure, messageOf } from '../../lib/errors.js';
import type { ClockStep } from '../../lib/watched-clock.js';
import type { EngineEvent } from './engine.js';
import { OpenFile } from './open-file.js';
import { Presence } from './presence.js';
import type { RecorderOptions, RecorderState } from './recorder-options.js';
import { RunClock } from './run-clock.js';
import { START_MS, Watchdog } from './watchdog.js';

/** A break shorter than this is measured by the camera's clock, a longer one by ours. */
const SHORT_BREAK_MS = 1_000;

/** Less than this is no break: how long the last picture of a file lasts is known only by the next one. */
const FRAME_MS = 100;

const LOSS = 'packets of its stream are missing: pictures may be smeared';

/** Notes that the clock was set. Returns the era that begins, `also` being told of it in the same transaction; undefined if it could not. */
export type OnStep = (before: number, after: number, also: (era: number) => void) => number | undefined;

/** One uninterrupted connection: its folder, its clock, its segments. */
export class Run {
  readonly #id = randomBytes(6).toString('hex');
  readonly #options: RecorderOptions;
  readonly #state: RecorderState;
  readonly #directory: string;
  readonly #runClock: RunClock;
  readonly #onStep: OnStep;
  #era: number;
  readonly #presence: Presence;
  /** Media time up to which something is known to have come. */
  #reachedMs = 0;
  /** By how much the wall clock was set since the open file began. */
  #stepMs = 0;
  #seq = 0;
  #end: { mediaMs: number; wall: number } | undefined;
  #anchored = false;
  /** While the clock is not set: files that are closed and have no time yet, and whether the folder is still to be looked through. */
  #isDated: boolean;
  readonly #held: Extract<EngineEvent, { type: 'segment' }>[] = [];
  #isUnsaved = false;
  #begun = false;
  #showed = false;
  #ungated = false;
  #lost = 0;
  #engine: Promise<void> = Promise.resolve();
  #watchdog: Watchdog | undefined;
  readonly #openFile: OpenFile;
  /** The recorder has gone on to the next attempt; the engine still closes its file. */
  #left = false;

  /**
   * `era`: which clock its times are of. A run that is not `dated` keeps its times and its files to itself until `date`.
   */
  constructor(options: RecorderOptions, state: RecorderState, era: number, onStep: OnStep, dated = true) {
    this.#era = era;
    this.#isDated = dated;
    this.#options = options;
    this.#state = state;
    this.#onStep = onStep;
    this.#directory = join(options.work, this.#id);
    this.#runClock = new RunClock(options.clock.now(), options.clock.monotonic());
    this.#openFile = new OpenFile(options);
    const { camera, ledger, log, plan } = options;
    this.#presence = new Presence({ camera, ledger, log, reasonAt: (time) => plan?.reasonAt(time) ?? 'mode' });
  }

  /** Rejects as soon as the camera is known to be silent, whatever the engine still has to do; see `end`. */
  async record(signal: AbortSignal, startMs = START_MS): Promise<void> {
    const { camera, clock, engine, ledger, segmentMs, audio } = this.#options;
    const source = await this.#options.source(signal);
    signal.throwIfAborted();
    await makeFolder(this.#directory);
    this.#begun = true;
    ledger.runs.start(this.#id, camera, clock.now());
    this.#state.directory = this.#directory;
    const told = ({ message }: Failure) => Object.assign(this.#state, { recording: false, reason: message });
    const watchdog = new Watchdog(clock, told, startMs, this.#options.beat);
    this.#watchdog = watchdog;
    const watching = watchdog.run(signal);
    const { plan } = this.#options;
    const gate = plan?.isConstant ? undefined : plan;
    const options = { source, directory: this.#directory, segmentMs, audio, gate };
    this.#engine = this.#follow(engine.record(options, watchdog.signal), watchdog);
    const silent = watching.then(() => watchdog.throwIfBarked());
    try {
      await Promise.race([this.#engine, silent.then(() => this.#engine)]);
      watchdog.throwIfBarked();
    } catch (error) {
      // Ended by the watchdog, the engine's own last words are only an echo of that.
      watchdog.throwIfBarked();
      throw error;
    } finally {
      this.#left = true;
      watchdog.stop();
      await watching;
    }
  }

  interrupt(failure: Failure): void {
    this.#watchdog?.end(failure);
  }

  async #follow(events: AsyncIterable<EngineEvent>, watchdog: Watchdog): Promise<void> {
    for await (const event of events) {
      // A file that is closed because the run ends says nothing of the camera.
      if (!watchdog.signal.aborted) this.#alive(watchdog);
      if (event.type === 'progress') this.#progress(event, watchdog);
      else if (event.type === 'segment') this.#segment(event);
      else if (event.type === 'gated') this.#state.newest = event.newest;
      else if (event.type === 'short') this.#short();
      else this.#border(event.type, event.fromMs);
    }
  }

  #border(type: 'keeping' | 'idle', fromMs: number): void {
    this.#state.idle = type === 'idle';
    this.#presence.border(type, fromMs);
    this.#openFile.begins(fromMs);
    this.#noteReached(fromMs);
  }

  #noteReached(mediaMs: number): void {
    this.#reachedMs = Math.max(this.#reachedMs, mediaMs);
    if (this.#anchored && !this.#left) this.#presence.reached(this.#reachedMs, (ms) => this.#runClock.wallAt(ms)!);
  }

  /** No more is known of when nothing was kept than until what came last. */
  endPresence(): void {
    this.#left = true;
    Object.assign(this.#state, { newest: undefined, idle: undefined });
    if (this.#state.note === LOSS) this.#state.note = undefined;
    if (this.#anchored) this.#presence.end(this.#reachedMs, (ms) => this.#runClock.wallAt(ms)!);
  }

  #short(): void {
    const { camera, log } = this.#options;
    const setting = 'record.pre_roll_memory';
    log.warn(
      { camera },
      `the memory for what came before motion was too small: the recording begins late (${setting})`,
    );
  }

  /**
   * The wall clock was set. That waits until the open file ends, or until it is known when the first one began, which may have been
   * before; while nothing is kept, for nothing.
   */
  clockStepped({ at, byMs }: ClockStep): void {
    this.#stepMs += byMs;
    if (!this.#anchored || !this.#presence.idle) return;
    this.#takeStep(at - this.#stepMs, this.#runClock.wallAt(0)!, this.#reachedMs);
  }

  /** By how much the clock was set that the ledger does not know of yet. */
  get stepMs(): number {
    return this.#stepMs;
  }

  /** Not dated yet: the clock was set, perhaps for good. */
  shift(byMs: number): void {
    this.#runClock.step(byMs);
  }

  /** When its first picture was made, as far as is known; undefined if none came. */
  get beganAt(): number | undefined {
    return this.#runClock.wallAt(0);
  }

  /** The clock is right now, or will not be: times are noted, the gap before this run ends, and its files go on. */
  date(era: number): void {
    this.#era = era;
    this.#isDated = true;
    if (!this.#runClock.settled && !this.#left) return;
    try {
      this.#anchor(true);
    } finally {
      for (const event of this.#held.splice(0)) this.#segment(event);
      if (this.#left && this.#anchored) this.#presence.end(this.#reachedMs, (ms) => this.#runClock.wallAt(ms)!);
      if (this.#isUnsaved) this.#salvage();
    }
  }

  /** No file of this run is dated by a clock that was set meanwhile. Returns by how much it was, if none was. */
  leave(): number {
    const byMs = this.#stepMs;
    this.#stepMs = 0;
    return byMs;
  }

  /** Wall time of the end of the last closed segment. */
  get coveredUntil(): number | undefined {
    return this.#end?.wall;
  }

  /** Which clock that is of. */
  get era(): number {
    return this.#era;
  }

  /** Once the engine has stopped, what it left in its folder is saved. Never rejects. */
  async end(): Promise<void> {
    const { ledger, clock, camera, log } = this.#options;
    // The next run may have a folder of its own by the time this one's engine is done.
    if (this.#state.directory === this.#directory) this.#state.directory = undefined;
    if (!this.#begun) return;
    // `record` told why it ended.
    await this.#engine.catch(() => undefined);
    try {
      ledger.runs.end(this.#id, clock.now(), 'ended');
    } catch (error) {
      // The next start ends it, as after a crash.
      log.error({ camera, error: messageOf(error) }, 'the end of a run could not be noted');
    }
    if (this.#isDated) this.#salvage();
    else this.#isUnsaved = true;
  }

  #salvage(): void {
    const { camera, sink } = this.#options;
    // Not awaited: saving files must not delay the camera's return. It never rejects.
    void sink.salvage({ camera, run: this.#id, directory: this.#directory });
  }

  #alive(watchdog: Watchdog): void {
    watchdog.feed();
    this.#showed = true;
    this.#state.recording = true;
    this.#state.reason = undefined;
    this.#state.lastFrameAt = this.#options.clock.now();
  }

  /** Whether any picture came. */
  get hasBegun(): boolean {
    return this.#showed;
  }

  #progress(event: Extract<EngineEvent, { type: 'progress' }>, watchdog: Watchdog): void {
    const { clock } = this.#options;
    const overdue = this.#presence.idle ? undefined : this.#openFile.overdue(event.mediaMs);
    if (overdue) watchdog.end(overdue);
    if (this.#runClock.arrived(event.mediaMs, clock.monotonic())) this.#anchor();
    this.#noteReached(event.mediaMs);
    this.#tellUngated();
    this.#tellLost(event.lost ?? 0);
  }

  /** Once for each run: what a camera leaves out, or the network loses, is no gap, and smears pictures all the same. */
  #tellLost(lost: number): void {
    const { camera, log } = this.#options;
    if (lost === 0) return;
    if (this.#lost === 0) log.warn({ camera, lost }, LOSS);
    this.#lost = lost;
    this.#state.note ??= LOSS;
  }

  /** ffmpeg, which cannot follow a gate, records what we cannot read ourselves: no footage is lost, and the owner is told. */
  #tellUngated(): void {
    const { camera, log, plan } = this.#options;
    if (!plan || plan.isConstant || this.#state.newest || this.#ungated) return;
    this.#ungated = true;
    this.#state.note = 'recorded all the time: only ffmpeg can read this stream, and it cannot wait for motion';
    log.warn({ camera }, this.#state.note);
  }

  /** The run's start is known: it is written down, and the gap before it ends there. */
  #anchor(endsGap = !this.#left): void {
    const { ledger, camera } = this.#options;
    const begin = this.#runClock.wallAt(0);
    if (this.#anchored || begin === undefined) return;
    // Whoever finds the files after a kill can do more with that than with nothing: `UnsetTimes`.
    if (!this.#isDated) {
      this.#noteAnchor({ mediaMs: 0, wall: begin });
      return;
    }
    this.#anchored = true;
    const wall = begin + this.#takeStep(begin, begin, 0);
    ledger.runs.anchor(this.#id, wall, this.#era);
    // The gap that is open by then began after this run; the spool cuts it back to what the file holds.
    if (!endsGap) return;
    ledger.gaps.close(camera, wall);
    // Of a run that keeps everything; otherwise it goes on, or ends where the first frame is kept.
    if (this.#presence.idle === undefined) ledger.offs.close(camera, wall);
    this.#noteReached(0);
  }

  #segment(event: Extract<EngineEvent, { type: 'segment' }>): void {
    const { camera, clock, sink } = this.#options;
    if (!this.#runClock.settled) {
      // A run this short may have reported nothing else yet: a file is closed when the next one's first frame arrives.
      this.#runClock.arrived(event.endMs, clock.monotonic());
      this.#runClock.settle(event.endMs);
    }
    this.#anchor();
    if (!this.#isDated) {
      this.#held.push(event);
      this.#openFile.begins(event.endMs);
      return;
    }
    const fallback = clock.now() - event.endMs;
    const wallAt = (mediaMs: number) => this.#runClock.wallAt(mediaMs) ?? fallback + mediaMs;
    const known = this.#presence.timeOf(event.startMs);
    const start = known ?? this.#startOf(event.startMs) ?? wallAt(event.startMs);
    const end = Math.max(start, this.#presence.timeOf(event.endMs) ?? wallAt(event.endMs));
    this.#end = { mediaMs: event.endMs, wall: end };
    this.#openFile.begins(event.endMs);
    const era = this.#era;
    this.#end.wall += this.#takeStep(end, end - event.endMs, event.endMs);
    const seq = this.#seq++;
    // Never rejects; what cannot be finished now is tried again, and again at the next start.
    void sink.finish({ camera, run: this.#id, seq, file: event.file, start, end, era });
    this.#noteAnchor(this.#end);
  }

  /**
   * The next file begins where this one ended. After a kill that is told from the anchor alone: without this, what the camera's
   * clock has drifted since the run began would be a break, or be there twice.
   */
  #noteAnchor({ mediaMs, wall }: { mediaMs: number; wall: number }): void {
    const { ledger, camera, log } = this.#options;
    try {
      ledger.runs.anchor(this.#id, wall - mediaMs, this.#era);
    } catch (error) {
      log.warn({ camera, error: messageOf(error) }, 'how far a clock has drifted could not be noted');
    }
  }

  /**
   * When a segment begins that follows another at once or after a short break; otherwise undefined. Segments of a run join
   * exactly: that the clock was corrected in between must open no gap and make no overlap. So a correction lies within a segment,
   * whose time by our clock and by the camera's differ by what the camera's drifts, and by nothing else (`RunClock`: 0.05 %).
   */
  #startOf(mediaMs: number): number | undefined {
    if (!this.#end) return undefined;
    const breakMs = mediaMs - this.#end.mediaMs;
    if (Math.abs(breakMs) >= SHORT_BREAK_MS) return undefined;
    return this.#end.wall + (breakMs > FRAME_MS ? breakMs : 0);
  }

  /**
   * A file has ended at `wall`, or the first one begins; what follows, from `mediaMs` on, is dated by the clock as it is now. `anchor`:
   * when media time 0 was, by the clock as it was. Returns by how much it was set; what could not be noted waits for the next border.
   */
  #takeStep(wall: number, anchor: number, mediaMs: number): number {
    const byMs = this.#stepMs;
    if (byMs === 0) return 0;
    const { ledger } = this.#options;
    const era = this.#onStep(wall, wall + byMs, (era) => ledger.runs.step(this.#id, mediaMs, anchor + byMs, era));
    if (era === undefined) return 0;
    this.#stepMs = 0;
    this.#era = era;
    this.#runClock.step(byMs);
    return byMs;
  }
}

/** `recursive` alone says ENOENT where there are no inodes left. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path);
  }
}
