import { Backoff } from '../../../lib/backoff.js';
import type { Clock } from '../../../lib/clock.js';
import { Failure, messageOf } from '../../../lib/errors.js';
import type { Log } from '../../../lib/log.js';
import type { Zone } from '../../../lib/motion-analysis/zones.js';
import { ReadTurns } from '../../../lib/rtsp/read-turns.js';
import { RtspStream } from '../../../lib/rtsp/stream.js';
import type { MotionChange, MotionSource, SourceHealth } from '../motion-source.js';
import { MotionSpan } from './motion-span.js';
import { Outlet } from './outlet.js';
import { PictureWatch } from './picture-watch.js';

export interface AnalysedStream {
  /** `rtsp://host[:port]/path`, or `rtsps://`, without sign-in details. */
  url: string;
  /** Of the camera, for `rtsps://`. */
  certificate?: string;
  transport?: 'tcp' | 'udp';
  username?: string;
  password?: string;
}

export interface AnalysisMotionSourceOptions {
  camera: string;
  /** The stream to watch, the smallest there is; asked anew after each failure, since addresses change. */
  source(signal: AbortSignal): Promise<AnalysedStream>;
  /** The program. */
  ffmpeg: string;
  /** Default: all of the picture counts. */
  zones?: readonly Zone[];
  /** 1 to 100. Default 50. */
  sensitivity?: number;
  /** What covers a smaller share of the picture is passed over. Default 0. */
  minArea?: number;
  /** What moves for less is passed over. Default 200 ms. */
  minDurationMs?: number;
  /** So long after the last movement motion has ended. Default 2 s. */
  holdOffMs?: number;
  clock: Clock;
  log: Log;
  /** Shared by the streams that are to be read together. Default: its own. */
  turns?: ReadTurns;
  /** For jitter; default `Math.random`. */
  random?: () => number;
}

/** Packets wait so long in the system's memory: what is read more often costs more, and what is read less often is told late. */
export const READ_EVERY_MS = 100;

/** … and of so many turns one, while nothing seems to begin. What does begin takes a few pictures to be sure of, and most of them come in this time. */
const CALM_TURNS = 3;

/** No packet of the pictures for so long: the camera is gone. */
const SILENT_MS = 10_000;

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 10_000;
/** What only a person can mend. Some cameras lock the account after a few wrong passwords. */
const REFUSED_MIN_MS = 15_000;
const REFUSED_MAX_MS = 5 * 60_000;

/** A stream that has lived for so long was none of a series of failures. */
const LIVED_MS = 30_000;

const HOLD_OFF_MS = 2_000;

/** What we see ourselves in a camera's stream. */
export class AnalysisMotionSource implements MotionSource {
  readonly camera: string;
  readonly name = 'analysis';
  readonly health: SourceHealth = { working: false };
  readonly #options: AnalysisMotionSourceOptions;
  readonly #turns: ReadTurns;

  constructor(options: AnalysisMotionSourceOptions) {
    this.camera = options.camera;
    this.#options = options;
    this.#turns = options.turns ?? new ReadTurns(options.clock, READ_EVERY_MS);
  }

  async *changes(signal: AbortSignal): AsyncIterable<MotionChange> {
    if (signal.aborted) return;
    const outlet = new Outlet<MotionChange>();
    const stop = new AbortController();
    const end = () => {
      stop.abort();
      outlet.end();
    };
    signal.addEventListener('abort', end);
    const watching = this.#run(outlet, stop.signal);
    try {
      yield* outlet;
    } finally {
      signal.removeEventListener('abort', end);
      end();
      await watching;
    }
  }

  /** One stream after another, until the signal aborts. Never rejects. */
  async #run(outlet: Outlet<MotionChange>, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const backoff = new Backoff(RETRY_MIN_MS, RETRY_MAX_MS, random);
    const refused = new Backoff(REFUSED_MIN_MS, REFUSED_MAX_MS, random);
    let isLost = false;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const error = await this.#runOnce(outlet, signal, () => {
        if (this.health.working) return;
        Object.assign(this.health, { working: true, reason: undefined });
        if (isLost) this.#options.log.info({ camera: this.camera }, 'the stream is watched for motion again');
        isLost = false;
      });
      if (signal.aborted) return;
      if (clock.monotonic() - startedAt > LIVED_MS) for (const one of [backoff, refused]) one.reset();
      const isRefused = error instanceof Failure && error.code === 'sign-in-refused';
      const retryMs = (isRefused ? refused : backoff).next();
      this.#report(error, retryMs, isLost);
      isLost = true;
      await clock.sleep(retryMs, signal);
    }
  }

  /** One connection, up to what ends it. What moved then has ended. */
  async #runOnce(outlet: Outlet<MotionChange>, signal: AbortSignal, onSeen: () => void): Promise<unknown> {
    const { source, clock, holdOffMs = HOLD_OFF_MS } = this.#options;
    const span = new MotionSpan({ holdOffMs, clock, push: (change) => outlet.push(change) });
    const turns = this.#turns.calm(CALM_TURNS);
    const watch = new PictureWatch({
      ...this.#options,
      onSeen,
      onBlind: (reason) => Object.assign(this.health, { working: false, reason }),
      onMoving: (movement, { mediaMs, arrivedMs }) => span.moving(movement, mediaMs, arrivedMs),
      // What was told is told: only its end is still to come.
      onAttention: (urgent) => {
        turns.hurried = urgent && !span.isOpen;
      },
    });
    try {
      const { username, password = '', ...where } = await source(signal);
      await new RtspStream({
        ...where,
        ...{ credentials: username === undefined ? undefined : { username, password } },
        ...{ audio: false, prompt: true, silentMs: SILENT_MS, clock, turns },
        sink: {
          begin: () => undefined,
          unit: (unit) => {
            watch.take(unit);
            span.passed((unit.dts * 1_000) / unit.format.timescale);
            return outlet.room;
          },
        },
      }).play(signal);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await watch.close();
      span.end();
    }
  }

  /** One line when the stream is lost, however often it is tried after that. */
  #report(error: unknown, retryMs: number, known: boolean): void {
    const { code, hint } = error instanceof Failure ? error : { code: undefined, hint: undefined };
    Object.assign(this.health, { working: false, reason: messageOf(error) });
    const details = { camera: this.camera, error: messageOf(error), code, hint, retryMs };
    this.#options.log[known ? 'debug' : 'warn'](details, 'the stream cannot be watched for motion; tried again');
  }
}
