import { Failure } from '../errors.js';
import type { ObjectRange } from './object-reader.js';

/**
 * The range actually delivered of an object of `bytes`: a missing start is 0, a missing or too large end is the last byte.
 * Rejects with code `range-not-satisfiable` a range that holds no byte; an empty object has only the whole, `0..-1`.
 */
export function resolveRange(bytes: number, wanted: Partial<ObjectRange> | undefined): ObjectRange {
  const start = wanted?.start ?? 0;
  const end = Math.min(wanted?.end ?? bytes - 1, bytes - 1);
  const isWhole = wanted?.start === undefined && wanted?.end === undefined;
  const isSound = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end;
  if (!isSound && !(isWhole && bytes === 0)) {
    throw notSatisfiable(wanted, `the ${bytes} bytes of the object`);
  }
  return { start, end };
}

export function notSatisfiable(wanted: Partial<ObjectRange> | undefined, whole: string): Failure {
  return new Failure(`No byte of ${wanted?.start ?? 0}-${wanted?.end ?? ''} lies within ${whole}.`, {
    kind: 'permanent',
    code: 'range-not-satisfiable',
  });
}

/** Refuses a range that holds no byte of any object, before anybody is asked: servers take such a one for none at all. */
export function checkWanted(wanted: Partial<ObjectRange> | undefined, key: string): void {
  const { start = 0, end = start } = wanted ?? {};
  const isSound = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end;
  if (!isSound) throw notSatisfiable(wanted, key);
}
