import type { Failure } from '../../lib/errors.js';
import type { GapCause } from '../segment.js';

/** What a failure that is not told apart by its thrower is called. */
export function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'stream-invalid';
}

const CAUSES: Record<string, GapCause> = {
  unreachable: 'unreachable',
  // What a camera's ONVIF service says where nobody, or no camera, is.
  'timed-out': 'unreachable',
  'not-onvif': 'unreachable',
  'sign-in-refused': 'sign-in-refused',
  silent: 'silent',
  'stream-ended': 'stream-ended',
  'disk-full': 'disk-full',
  'storage-gone': 'storage-gone',
};

/** Which cause a gap has that began with it. */
export function causeOf(failure: Failure): GapCause {
  return CAUSES[failure.code] ?? 'stream-invalid';
}
