import type { MotionKind } from '../../lib/onvif/topics.js';
import type { MotionSourceName } from '../config/motion.js';

export type { MotionKind } from '../../lib/onvif/topics.js';

/** Something began to move before a camera, or no longer does. */
export interface MotionChange {
  /** When, UTC milliseconds by our clock; never in the future. */
  at: number;
  kind: MotionKind;
  /** Which picture, zone or contact, as whoever noticed it calls it; empty where there is but one. */
  source: string;
  active: boolean;
  /** 0 to 1: how sure it is, where whoever noticed it can say; at an end, of the surest moment. */
  score?: number;
  /** Where in the picture it began, as shares of it, where that is known: left, top, width, height. */
  region?: readonly [left: number, top: number, width: number, height: number];
}

/** Whether a source notices motion at present. */
export interface SourceHealth {
  working: boolean;
  /** Why not, in a sentence. */
  reason?: string;
}

/**
 * What notices motion before one camera. Contract suite: test/contract/motion-source.ts.
 *
 * - Nothing is asked of anybody before the first step of the iteration, and everything taken is given back when it ends.
 * - For each kind and source, beginnings and ends come by turns, a beginning first, and `at` never goes back.
 * - Every beginning is followed by its end, while the iteration lasts, even if whoever notices motion never tells it, is lost,
 *   or restarts. What moves when the iteration starts begins then.
 * - The iteration never throws and never ends by itself: a source that fails is tried again, is back within 30 s of being
 *   there again, and never asks more often than a few times a second, whatever it is answered.
 * - It ends when `signal` aborts or its consumer leaves it, within three seconds even if nobody answers.
 * - A consumer that is slow is waited for: nothing piles up. Each iteration is one of its own.
 */
export interface MotionSource {
  readonly camera: string;
  readonly name: MotionSourceName;
  /** True to the moment; not working before the first iteration. */
  readonly health: SourceHealth;
  changes(signal: AbortSignal): AsyncIterable<MotionChange>;
}
