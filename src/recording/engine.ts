/** A camera's stream and what is needed to open it. Credentials travel apart from the URL so that they are never printed. */
export interface StreamSource {
  /** `rtsp://host:port/path`, without credentials. */
  url: string;
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
}

/**
 * `progress` comes every few seconds while frames arrive, and never while none do.
 * `segment` comes once for each file, after the file is closed.
 * Media times are milliseconds since the first frame of the run.
 */
export type EngineEvent =
  | { type: 'progress'; mediaMs: number; frames: number }
  | { type: 'segment'; file: string; startMs: number; endMs: number };

/**
 * One stream in, finished segment files out. Contract suite: test/contract/recording-engine.ts.
 *
 * - Every frame from the first keyframe on is in exactly one file, unchanged, in order.
 * - Files carry media time of the run (they are not reset to zero), so one that outlived its recorder still says when it was.
 * - A file that was open when everything was killed holds all but the last group of pictures.
 * - A stream that ends, breaks, is refused or cannot be recorded rejects the iteration with a `Failure`
 *   (codes `unreachable`, `sign-in-refused`, `stream-ended`, `stream-invalid`, `disk-full`), after the last `segment`.
 * - Aborting `signal` closes the open file, yields its `segment`, and ends the iteration; nothing is left running.
 */
export interface RecordingEngine {
  record(options: RecordOptions, signal: AbortSignal): AsyncIterable<EngineEvent>;
}
