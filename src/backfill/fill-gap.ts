import { randomBytes } from 'node:crypto';
import { Failure } from '../../lib/errors.js';
import { Alignment } from './alignment.js';
import { firstPicture, lastKeyframe, type Neighbour } from './neighbours.js';

/** By the camera's clock or ours, as is said; UTC milliseconds. */
export interface Interval {
  start: number;
  end: number;
}

/** What is asked of the camera. Declared here, as all that this stage wants of others. */
export interface EdgeRecordings {
  /** Rejects with `service-missing`, `no-recordings`, or why the camera cannot be asked now. */
  open(signal: AbortSignal): Promise<EdgeSession>;
}

export interface EdgeSession {
  /** Its clock minus ours. */
  offsetMs: number;
  /** What it has of an interval, and where that is played from. By its clock. */
  find(wanted: Interval): Promise<{ spans: readonly Interval[]; source: EdgeSource }>;
}

export interface EdgeSource {
  url: string;
  certificate?: string;
  username?: string;
  password?: string;
}

/** Plays recordings into files; see `Replayer`. */
export interface Replaying {
  replay(
    options: {
      source: EdgeSource;
      range: { fromMs: number; toMs: number };
      directory: string;
      segmentMs: number;
      speed: number;
      judge(picture: { key: boolean; recordedMs: number; data: Buffer }): 'before' | 'take' | 'over';
      timeOf(recordedMs: number): number;
      onFile(file: { path: string; startMs: number; endMs: number }): void;
    },
    signal: AbortSignal,
  ): Promise<boolean>;
}

/** Takes over closed working files, as footage that was fetched afterwards. Never rejects. */
export interface SegmentSink {
  finish(segment: {
    camera: string;
    run: string;
    seq: number;
    file: string;
    start: number;
    end: number;
    /** Which clock those are of: that of the gap. */
    era?: number;
    backfilled: true;
  }): Promise<void>;
}

export interface FillOptions {
  gap: Interval & { camera: string; era?: number };
  /** By how much our clock was set forward since the gap. */
  clockShiftMs: number;
  /** What lies on either side, where it is still on this disk. */
  from: Neighbour | undefined;
  to: Neighbour | undefined;
  edge: EdgeRecordings;
  replayer: Replaying;
  sink: SegmentSink;
  directory: string;
  segmentMs: number;
}

/** More than is missing is asked for, on either side: the pictures there tell where the gap's borders are. */
const BESIDE_MS = 3_000;

/** So much faster than it was recorded, and no more: the line, the card and the camera have something else to do. */
const SPEED = 4;

/** Fills one gap. Resolves with whether the camera played all it has of it; what came until it broke off is kept. Rejects where nothing came. */
export async function fillGap(options: FillOptions, signal: AbortSignal): Promise<boolean> {
  const { gap, edge, replayer, sink, directory, segmentMs } = options;
  const { offsetMs: now, find } = await edge.open(signal);
  // By the clock that the gap is dated by, which may have been set since.
  const offsetMs = now + options.clockShiftMs;
  const [before, after] = [await lastKeyframe(options.from), await firstPicture(options.to)];
  const wanted = { start: gap.start + offsetMs, end: gap.end + offsetMs };
  const { spans, source } = await find({ start: wanted.start - BESIDE_MS, end: wanted.end + BESIDE_MS });
  const range = { fromMs: spans[0]?.start ?? 0, toMs: spans.at(-1)?.end ?? 0 };
  if (!spans.some(({ start, end }) => start < wanted.end && end > wanted.start)) throw nothing();
  const alignment = new Alignment({ ...gap, before, after }, offsetMs);
  const run = randomBytes(6).toString('hex');
  const finishing: Promise<void>[] = [];
  let reached = Number.NEGATIVE_INFINITY;
  const whole = await replayer
    .replay(
      {
        ...{ source, range, directory, segmentMs, speed: SPEED },
        judge: (picture) => alignment.judge(picture),
        timeOf: (recordedMs) => alignment.timeOf(recordedMs),
        onFile: ({ path, startMs, endMs }) => {
          const placed = alignment.place(startMs, endMs);
          // Files of one recording join: what adds up to a millisecond more is no break. Nor does one begin before the last one
          // ended, whatever the camera's clock did meanwhile.
          const start = placed.start - reached <= 2 ? reached : placed.start;
          reached = Math.max(start, placed.end);
          const seq = finishing.length;
          finishing.push(
            sink.finish({
              ...{ camera: gap.camera, era: gap.era, run, seq },
              file: path,
              start,
              end: reached,
              backfilled: true,
            }),
          );
        },
      },
      signal,
    )
    .finally(() => Promise.all(finishing));
  if (whole && finishing.length === 0) throw nothing();
  return whole;
}

function nothing(): Failure {
  return new Failure('the camera has no recording of that time', {
    kind: 'permanent',
    code: 'no-recordings',
    hint: 'It may record on motion only, its card may be full or have been filled anew since, or it had no power.',
  });
}
