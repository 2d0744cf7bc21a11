import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { Slabs } from '../../lib/mp4/slabs.js';
import type { AccessUnit } from '../../lib/rtsp/access-unit.js';
import { ReadTurns } from '../../lib/rtsp/read-turns.js';
import type { ReplayRange } from '../../lib/rtsp/session.js';
import { RtspStream } from '../../lib/rtsp/stream.js';
import type { MadeAt } from './arrival-clock.js';
import type { StreamSource } from './engine.js';
import { SegmentCutter } from './segment-cutter.js';

/** One picture of a camera's own recording, as it is judged. */
export interface ReplayedPicture {
  key: boolean;
  /** By the camera's clock, UTC milliseconds. */
  recordedMs: number;
  /** Valid during the call only. */
  data: Buffer;
}

/** `before`: not yet of what is wanted; `over`: the first that no longer is. */
export type Verdict = 'before' | 'take' | 'over';

export interface ReplayOptions {
  source: StreamSource;
  range: ReplayRange;
  /** An existing empty folder. */
  directory: string;
  segmentMs: number;
  /** How many times as fast as it was recorded it is fetched, at most. */
  speed: number;
  judge(picture: ReplayedPicture): Verdict;
  /** By our clock, of a moment by the camera's. */
  timeOf(recordedMs: number): number;
  /** A closed file; times by the camera's clock. */
  onFile(file: { path: string; startMs: number; endMs: number }): void;
}

const SILENT_MS = 10_000;
const READ_EVERY_MS = 50;
const SPARE_SLABS = 8;

/** Times told with the pictures that are further than this from what the pictures before them led to: a hole in the recording. */
const HOLE_MS = 500;

/** Fetches what a camera recorded itself, through the same client and writer that record. Pictures alone. */
export class Replayer {
  readonly #clock: Clock;
  readonly #slabs = new Slabs(SPARE_SLABS);
  readonly #turns: ReadTurns;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turns = new ReadTurns(clock, READ_EVERY_MS);
  }

  /**
   * Resolves with whether all was played that the camera has of the range: false where it broke off. Rejects with the stream's
   * `Failure` where nothing came at all, and with the reason of `signal`. All files have been told of by then.
   */
  async replay(options: ReplayOptions, signal: AbortSignal): Promise<boolean> {
    const { username, password = '', ...where } = options.source;
    const stop = new AbortController();
    const sink = new ReplaySink(options, this.#clock, this.#slabs, stop);
    const stream = new RtspStream({
      ...{ ...where, credentials: username === undefined ? undefined : { username, password } },
      ...{ replay: options.range, audio: false, silentMs: SILENT_MS, clock: this.#clock, turns: this.#turns, sink },
    });
    let failure: unknown;
    await stream.play(AbortSignal.any([signal, stop.signal])).catch((error: unknown) => {
      failure = error;
    });
    await sink.close();
    signal.throwIfAborted();
    if (sink.failure !== undefined) throw sink.failure;
    if (failure === undefined) return true;
    if (sink.pictures === 0) throw failure;
    return false;
  }
}

/** Where the two time lines meet: a keyframe. */
interface Anchor {
  mediaMs: number;
  recordedMs: number;
}

class ReplaySink {
  failure: unknown;
  pictures = 0;
  readonly #options: ReplayOptions;
  readonly #clock: Clock;
  readonly #cutter: SegmentCutter;
  readonly #stop: AbortController;
  readonly #anchors: Anchor[] = [];
  #waiting: Promise<void> | undefined;
  #pace: { startedMs: number; mediaMs: number } | undefined;

  constructor(options: ReplayOptions, clock: Clock, slabs: Slabs, stop: AbortController) {
    this.#options = options;
    this.#clock = clock;
    this.#stop = stop;
    const { directory, segmentMs } = options;
    // Cut as what is recorded live is: by our clock.
    const arrivals: MadeAt = {
      setting: 0,
      at: (mediaMs) => options.timeOf(this.#recordedAt(mediaMs)),
    };
    this.#cutter = new SegmentCutter({
      ...{ directory, segmentMs, clock, slabs, arrivals },
      onEvent: (event) => {
        if (event.type !== 'segment') return;
        const { file, startMs, endMs } = event;
        const startedMs = this.#recordedAt(startMs);
        options.onFile({ path: file, startMs: startedMs, endMs: startedMs + endMs - startMs });
      },
      onError: (error) => this.#fail(error),
    });
  }

  begin(): void {
    this.#cutter.begin(undefined);
  }

  unit(unit: AccessUnit): Promise<void> | undefined {
    if (this.#stop.signal.aborted) return undefined;
    const mediaMs = (unit.dts * 1_000) / unit.format.timescale;
    if (unit.key) this.#anchor(unit, mediaMs);
    if (this.#anchors.length === 0) return undefined;
    const verdict = this.#options.judge({ ...unit, recordedMs: this.#recordedAt(mediaMs) });
    if (verdict === 'over') {
      this.#cutter.endBefore(unit.dts);
      this.#stop.abort();
      return undefined;
    }
    if (verdict === 'before') return this.#wait(mediaMs);
    this.pictures++;
    return this.#cutter.unit(unit) ?? this.#wait(mediaMs);
  }

  async close(): Promise<void> {
    await this.#cutter.close();
  }

  #anchor({ recordedMs, dts }: AccessUnit, mediaMs: number): void {
    if (recordedMs === undefined) {
      this.#fail(untimed());
      return;
    }
    const known = this.#anchors.length > 0;
    if (known && Math.abs(recordedMs - this.#recordedAt(mediaMs)) <= HOLE_MS) return;
    if (known) this.#cutter.endBefore(dts);
    this.#anchors.push({ mediaMs, recordedMs });
  }

  /** By the camera's clock. What lies before the first anchor counts from that. */
  #recordedAt(mediaMs: number): number {
    const anchor = this.#anchors.findLast((one) => one.mediaMs <= mediaMs) ?? this.#anchors[0];
    return anchor ? anchor.recordedMs + mediaMs - anchor.mediaMs : 0;
  }

  /** Until it is time for more: fetching must not take the line, the disk or the camera from what is recorded now. */
  #wait(mediaMs: number): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    this.#pace ??= { startedMs: now, mediaMs };
    const early = (mediaMs - this.#pace.mediaMs) / this.#options.speed - (now - this.#pace.startedMs);
    if (early <= 100) return undefined;
    // Pictures that were read at once wait together.
    this.#waiting ??= this.#clock.sleep(early, this.#stop.signal).then(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  #fail(error: unknown): void {
    this.failure ??= error;
    this.#stop.abort();
  }
}

function untimed(): Failure {
  return new Failure('the camera does not tell when its recorded pictures were made', {
    kind: 'permanent',
    code: 'replay-untimed',
    hint: 'Its firmware has no RTP extension for replay (ONVIF Streaming): leave `backfill` out for this camera.',
  });
}
