import { Failure } from '../../lib/errors.js';
import type { ByteRange } from '../archive-source.js';

/**
 * The range actually delivered of an object of `bytes`: a missing start is 0, a missing or too large end is the last byte.
 * Rejects with code `range-not-satisfiable` a range that holds no byte; an empty object has only the whole, `0..-1`.
 */
export function resolveRange(bytes: number, wanted: Partial<ByteRange> | undefined): ByteRange {
  const start = wanted?.start ?? 0;
  const end = Math.min(wanted?.end ?? bytes - 1, bytes - 1);
  const isWhole = wanted?.start === undefined && wanted?.end === undefined;
  const isSound = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end;
  if (!isSound && !(isWhole && bytes === 0)) {
    throw new Failure(`No byte of ${start}-${wanted?.end ?? ''} lies within the ${bytes} bytes of the object.`, {
      kind: 'permanent',
      code: 'range-not-satisfiable',
    });
  }
  return { start, end };
}
