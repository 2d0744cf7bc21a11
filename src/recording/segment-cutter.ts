import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { Fragment } from '../../lib/mp4/fragment.js';
import { initSegment } from '../../lib/mp4/init-segment.js';
import type { Slabs } from '../../lib/mp4/slabs.js';
import type { AccessUnit, TrackFormat } from '../../lib/rtsp/access-unit.js';
import type { UnitSink } from '../../lib/rtsp/stream.js';
import { ArrivalClock, type MadeAt } from './arrival-clock.js';
import type { EngineEvent } from './engine.js';
import { Backlog, SegmentFile } from './segment-file.js';

/** Reported this often at most; the watchdog waits several times as long. */
const PROGRESS_MS = 2_000;

/**
 * A group of pictures larger or longer than this is written in pieces, of which only the first begins with a keyframe: memory is bounded, and
 * so is what a kill costs, even for a camera that sends no more keyframes.
 */
const MAX_FRAGMENT_BYTES = 16 * 2 ** 20;
const MAX_FRAGMENT_MS = 60_000;

/** What may wait for a slow disk before the camera has to wait. */
const MAX_BACKLOG_BYTES = 32 * 2 ** 20;

export interface CutterOptions {
  directory: string;
  segmentMs: number;
  clock: Clock;
  slabs: Slabs;
  /** Where units come later than they could: what is told when they do. */
  arrivals?: MadeAt;
  onEvent(event: EngineEvent): void;
  /** A file cannot be written; told once, with a `Failure` where its meaning is known. */
  onError(error: unknown): void;
}

/** Writes units to files and cuts them at wall-clock multiples, at keyframes only. */
export class SegmentCutter implements UnitSink {
  readonly #options: CutterOptions;
  readonly #fragment: Fragment;
  readonly #backlog: Backlog;
  /** Of units that come as soon as they can. */
  readonly #own: ArrivalClock;
  #sound: TrackFormat | undefined;
  #file: { file: SegmentFile; format: TrackFormat; period: number; setting: number; startMs: number } | undefined;
  #count = 0;
  #frames = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  /** Until when media has come: the beginning of a picture is what ends the one before it. */
  #reachedMs = 0;
  /** How long a picture lasts, for the last one. */
  #step = 0;
  #last: number | undefined;
  /** Files end in their order, and so are their events. */
  #closing: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(options: CutterOptions) {
    this.#options = options;
    this.#fragment = new Fragment(options.slabs);
    this.#own = new ArrivalClock(options.clock);
    this.#backlog = new Backlog(MAX_BACKLOG_BYTES, options.clock);
  }

  begin(sound: TrackFormat | undefined): void {
    this.#sound = sound;
  }

  unit(unit: AccessUnit): Promise<void> | undefined {
    if (this.#failed) return undefined;
    if (unit.format.kind === 'video') this.#picture(unit);
    else if (this.#file) this.#fragment.audio(unit);
    return this.room;
  }

  /** Resolves when there is room again for what waits for the disk; undefined if there is now. */
  get room(): Promise<void> | undefined {
    return this.#backlog.full;
  }

  /** The file ends before this picture; the next begins with the keyframe that is given next. */
  endBefore(dts: number): void {
    this.#endFile(dts);
    this.#last = undefined;
  }

  /** Writes what is left and closes the file. Resolves when all `segment` events were given. */
  async close(): Promise<void> {
    if (this.#last !== undefined) this.#endFile(this.#last + this.#step);
    await this.#closing;
  }

  #picture(unit: AccessUnit): void {
    const { format, dts, key } = unit;
    if (!key && !this.#file) return;
    if (this.#last !== undefined) this.#step = dts - this.#last;
    this.#reachedMs = toMs(dts + this.#step, format);
    const reached = this.#options.arrivals?.at(this.#reachedMs) ?? this.#own.arrived(this.#reachedMs);
    const madeAt = reached - toMs(this.#step, format);
    if (key) this.#border(format, dts, Math.floor(madeAt / this.#options.segmentMs));
    else if (this.#isLarge(unit)) this.#flush(dts);
    this.#fragment.video(unit);
    this.#last = dts;
    this.#frames++;
    this.#progress(unit);
  }

  /** Before each keyframe: what came until now is whole, and perhaps a file is. */
  #border(format: TrackFormat, dts: number, period: number): void {
    const file = this.#file;
    // Back in an earlier period only if the clock was set back: otherwise it is the estimate that became better.
    const over = !file || period > file.period || (period < file.period && this.#setting < file.setting - 1_000);
    if (!over && file.format === format) this.#flush(dts);
    else {
      this.#endFile(dts);
      this.#beginFile(format, dts, period);
    }
  }

  get #setting(): number {
    return (this.#options.arrivals ?? this.#own).setting;
  }

  #isLarge({ data, dts, format }: AccessUnit): boolean {
    const { length, start = dts } = this.#fragment;
    return length + data.length > MAX_FRAGMENT_BYTES || ((dts - start) * 1000) / format.timescale > MAX_FRAGMENT_MS;
  }

  #flush(end: number): void {
    if (this.#fragment.last) this.#file!.file.append(this.#fragment.take(end, this.#sound?.unitTicks ?? 0));
  }

  #beginFile(format: TrackFormat, dts: number, period: number): void {
    const { directory, slabs } = this.#options;
    const path = join(directory, `${String(this.#count++).padStart(6, '0')}.mp4`);
    const header = initSegment(this.#sound ? [format, this.#sound] : [format]);
    const file = new SegmentFile(path, header, slabs, this.#backlog, (error) => this.#fail(error));
    this.#fragment.restart();
    this.#file = { file, format, period, setting: this.#setting, startMs: toMs(dts, format) };
  }

  #endFile(end: number): void {
    const ended = this.#file;
    if (!ended) return;
    this.#flush(end);
    this.#file = undefined;
    const { file, format, startMs } = ended;
    const closed = file.close();
    this.#closing = this.#closing.then(async () => {
      try {
        const fragments = await closed;
        const endMs = toMs(end, format);
        if (fragments > 0) this.#options.onEvent({ type: 'segment', file: file.path, startMs, endMs });
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** Of the pictures read at once, the newest tells best how much has come by now. */
  #progress({ arrivedMs }: AccessUnit): void {
    if (arrivedMs - this.#reportedAtMs < PROGRESS_MS) return;
    this.#reportedAtMs = arrivedMs;
    queueMicrotask(() => {
      this.#options.onEvent({ type: 'progress', mediaMs: this.#reachedMs, frames: this.#frames });
    });
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onError(diskFailure(error));
  }
}

function toMs(ticks: number, { timescale }: TrackFormat): number {
  return (ticks * 1000) / timescale;
}

function diskFailure(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new Failure('the disk is full', { kind: 'transient', code: 'disk-full', cause: error });
}
