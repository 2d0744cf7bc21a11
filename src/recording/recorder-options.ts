import type { Beat } from '../../lib/beat.js';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { Machine } from '../../lib/machine.js';
import type { Ledger } from '../ledger/ledger.js';
import type { GapCause } from '../segment.js';
import type { RecordingEngine, StreamSource } from './engine.js';
import type { RecordingPlan } from './plan.js';

/** Takes over closed working files. Declared here because the spool is the only way on from recording. */
export interface SegmentSink {
  finish(segment: {
    camera: string;
    run: string;
    seq: number;
    file: string;
    start: number;
    end: number;
    /** Which clock those are of. */
    era: number;
  }): Promise<void>;
  /** The run is over: whatever else is in its folder was cut off, and is saved as far as it is whole. */
  salvage(run: { camera: string; run: string; directory: string }): Promise<void>;
}

export interface RecorderOptions {
  camera: string;
  /** Asked before each connection, because a camera may have moved. Its `Failure`s end an attempt as the engine's do. */
  source(signal: AbortSignal): Promise<StreamSource>;
  segmentMs: number;
  audio: 'aac' | 'none';
  /** This camera's folder for runs. */
  work: string;
  engine: RecordingEngine;
  sink: SegmentSink;
  ledger: Ledger;
  clock: Clock;
  /** At which it is looked whether pictures come; shared by all cameras, or of its own where it is left out. */
  beat?: Beat;
  /** By which a start knows that the clock was set while nobody could note it. */
  machine: Machine;
  log: Log;
  /** How long after the others this one begins: many that connect at once would hold each other up. */
  startDelayMs?: number;
  /** Why the time before our first frame is missing. */
  firstCause: GapCause;
  /**
   * When the newest film of this camera on the disk begins, UTC ms, where the ledger knows nothing of it (yet): from there on it is
   * to be told what is missing. That film takes its own time out of that gap as it is adopted.
   */
  newestFilm?: number;
  /** What is to be recorded when; all of it always where this is left out. */
  plan?: RecordingPlan;
}

/** What the status shows of a camera. */
export interface RecorderState {
  recording: boolean;
  reason?: string;
  lastFrameAt?: number;
  /** The folder of the run under way. */
  directory?: string;
  /** Nothing is to be recorded now, and the camera is left alone. */
  off?: boolean;
  /** When that ends, UTC milliseconds; undefined where nothing says that it does. */
  offUntil?: number;
  /** What comes is not kept at present: nothing moves. */
  idle?: boolean;
  /** What the owner should know of how it is recorded. */
  note?: string;
  /** While nothing is kept: the newest keyframe, as MP4. */
  newest?: () => Buffer | undefined;
}
