import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import type { EngineEvent, RecordingEngine, RecordOptions } from '../../src/recording/engine.js';

/** What a simulated camera does at present. `ended` and `invalid` hit the connection under way, once. */
export type CameraFault = 'silent' | 'unreachable' | 'ended' | 'invalid' | undefined;

/** A file that is being recorded. */
export interface OpenFile {
  run: string;
  seq: number;
  file: string;
  startMs: number;
  reachedMs: number;
}

const REPORT_MS = 5_000;

/** Connections to a camera whose clock drifts and whose reports come late, on whatever clock a test has; files hold their own name. */
export class DayEngine implements RecordingEngine {
  fault: CameraFault;
  open: OpenFile | undefined;
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
        const { file, startMs, reachedMs: endMs } = open;
        open = this.#begin(directory, run, open.seq + 1, endMs);
        yield { type: 'segment', file, startMs, endMs };
      }
    } catch (error) {
      if (this.fault === 'ended' || this.fault === 'invalid') this.fault = undefined;
      if (open.reachedMs > open.startMs) yield segmentOf(open);
      throw error;
    } finally {
      if (this.open === open) this.open = undefined;
    }
    if (open.reachedMs > open.startMs) yield segmentOf(open);
  }

  #begin(directory: string, run: string, seq: number, startMs: number): OpenFile {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${String(seq).padStart(6, '0')}.mp4`);
    writeFileSync(file, file);
    this.open = { run, seq, file, startMs, reachedMs: startMs };
    return this.open;
  }
}

function segmentOf({ file, startMs, reachedMs: endMs }: OpenFile): EngineEvent {
  return { type: 'segment', file, startMs, endMs };
}

function failure(code: string): Failure {
  return new Failure(code, { kind: 'transient', code });
}
