import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from '../../src/recording/engine.js';

/** What a simulated camera does at present. `ended` and `invalid` hit the connection under way, once. */
export type CameraFault = 'silent' | 'unreachable' | 'ended' | 'invalid' | undefined;

/** A file in the folder of a run. */
export interface WorkFile {
  run: string;
  seq: number;
  file: string;
  startMs: number;
  reachedMs: number;
  isClosed: boolean;
}

const REPORT_MS = 5_000;

/** Connections to a camera whose clock drifts and whose reports come late, on whatever clock a test has; files hold their own name. */
export class DayEngine implements RecordingEngine {
  fault: CameraFault;
  /** What was recorded; whoever saves a file takes it out. */
  readonly files = new Set<WorkFile>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #drift: number;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#drift = 1 + (random() - 0.5) * 400e-6;
  }

  /** Asked anew each time: it changes while a connection waits. */
  get isGone(): boolean {
    return this.fault === 'unreachable';
  }

  async *record({ directory, segmentMs }: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const clock = this.#clock;
    if (this.isGone) throw failure('unreachable');
    await clock.sleep(200 + this.#random() * 2_000, signal);
    const born = clock.monotonic();
    const run = basename(directory);
    let open = this.#begin(directory, run, 0, 0);
    let period = Math.floor(clock.now() / segmentMs);
    let frames = 0;
    try {
      while (!signal.aborted) {
        await clock.sleep(REPORT_MS, signal);
        if (signal.aborted || this.fault === 'silent') continue;
        if (this.fault === 'ended' || this.isGone) throw failure('stream-ended');
        if (this.fault === 'invalid') throw failure('stream-invalid');
        open.reachedMs = Math.max(open.startMs, (clock.monotonic() - born) * this.#drift - this.#random() * 150);
        yield { type: 'progress', mediaMs: open.reachedMs, frames: ++frames };
        const now = Math.floor(clock.now() / segmentMs);
        if (now === period) continue;
        period = now;
        const last = open;
        open = this.#begin(directory, run, last.seq + 1, last.reachedMs);
        yield closed(last);
      }
    } catch (error) {
      if (this.fault === 'ended' || this.fault === 'invalid') this.fault = undefined;
      if (open.reachedMs > open.startMs) yield closed(open);
      throw error;
    }
    if (open.reachedMs > open.startMs) yield closed(open);
  }

  #begin(directory: string, run: string, seq: number, startMs: number): WorkFile {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${String(seq).padStart(6, '0')}.mp4`);
    writeFileSync(file, file);
    const begun = { run, seq, file, startMs, reachedMs: startMs, isClosed: false };
    this.files.add(begun);
    return begun;
  }
}

function closed(one: WorkFile): EngineEvent {
  one.isClosed = true;
  return { type: 'segment', file: one.file, startMs: one.startMs, endMs: one.reachedMs };
}

function failure(code: string): Failure {
  return new Failure(code, { kind: 'transient', code });
}
