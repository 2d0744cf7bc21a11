import { ApiError } from '../api.js';
import { canSave, learnProblem, type Problem } from '../problems.js';
import { type Clip, nextTarget } from './plan.js';
import { faultOf, PlaybackFault } from './source.js';

/** Why the player shows nothing, and what can be done. */
export interface Fault {
  clip: Clip;
  message: string;
  detail: string;
  /** The file itself can be had all the same. */
  canSave: boolean;
  /** There is footage after it. */
  canPass: boolean;
}

/** `error` is a `MediaError`, or whatever was thrown on the way to the picture. */
export function toFault(clip: Clip, error: unknown, clips: readonly Clip[]): Fault {
  const isTold = error instanceof PlaybackFault || error instanceof ApiError;
  return {
    clip,
    message: isTold ? error.message : 'This file could not be played.',
    detail: (isTold ? error.hint : (error as MediaError).message) ?? '',
    canSave: !isTold || canSave({ code: error.code ?? '' }),
    canPass: nextTarget(clips, clip) !== undefined,
  };
}

/** What the recorder knows of a file that does not play; undefined where it knows nothing. */
export async function toldFault({ key }: Clip, signal: AbortSignal): Promise<PlaybackFault | undefined> {
  const problem: Problem | undefined = await learnProblem(key, signal).catch(() => undefined);
  return problem && faultOf(problem);
}
