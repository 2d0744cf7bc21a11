import type { Gate } from './gate.js';

/** A camera's stream and what is needed to open it. Credentials travel apart from the URL so that they are never printed. */
export interface StreamSource {
  /** `rtsp://host:port/path`, or `rtsps://`, without credentials. */
  url: string;
  /** Of the camera, for `rtsps://`; without it one that this machine trusts. */
  certificate?: string;
  /** Default `tcp`. */
  transport?: 'tcp' | 'udp';
  username?: string;
  password?: string;
}

export interface RecordOptions {
  source: StreamSource;
  /** An existing empty folder for this run's files. */
  directory: string;
  /** Segments are cut at the first keyframe after each wall-clock (UTC) multiple of this. */
  segmentMs: number;
  audio: 'aac' | 'none';
  /** What of it is to be kept; all of it where this is left out. */
  gate?: Gate;
}

/**
 * `progress` comes every few seconds while frames arrive, and never while none do. `lost`: packets that never came, as far as the
 * engine knows; what they held is left out, or smeared until the next keyframe.
 * `segment` comes once for each file, after the file is closed.
 * Media times are milliseconds since the first frame of the run.
 *
 * With a gate, an engine that can follow it says so first (`gated`; `newest`: the newest keyframe as MP4, while nothing is kept).
 * From then on `keeping` and `idle` say by turns from when on frames are kept and not; `short`, that what is kept from then on
 * should have begun earlier, and there was no memory for it. One that cannot follow it keeps everything.
 */
export type EngineEvent =
  | { type: 'progress'; mediaMs: number; frames: number; lost?: number }
  | { type: 'segment'; file: string; startMs: number; endMs: number }
  | { type: 'gated'; newest: () => Buffer | undefined }
  | { type: 'keeping' | 'idle' | 'short'; fromMs: number };

/**
 * One stream in, finished segment files out. Contract suite: test/contract/recording-engine.ts.
 *
 * - Every frame from the first keyframe on is in exactly one file, unchanged, in order; with a gate, every frame of each group of
 *   pictures of which anything is wanted.
 * - Files carry media time of the run (they are not reset to zero), so one that outlived its recorder still says when it was.
 * - A file that was open when everything was killed holds all but the last group of pictures.
 * - A stream that ends, breaks, is refused or cannot be recorded rejects the iteration with a `Failure`
 *   (codes `unreachable`, `sign-in-refused`, `silent`, `stream-ended`, `stream-invalid`, `disk-full`), after the last
 *   `segment`. `silent`: nothing came for 8 s or more with the connection open; 15 s after the last frame it is given up.
 * - Aborting `signal` closes the open file, yields its `segment`, and ends the iteration; nothing is left running.
 */
export interface RecordingEngine {
  record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent>;
}

/** What to do about a `silent` camera. */
export const SILENT_HINT = 'The connection is open but the camera sends nothing; it may need a restart.';
