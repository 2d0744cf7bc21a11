import { Failure } from '../../../lib/errors.js';
import { type Check, fail, ok, unknown, warn } from './check.js';

const snapshot: Check = {
  id: 'snapshot',
  title: 'snapshot',
  judge({ snapshot: found }) {
    if (found === undefined) return undefined;
    const fix = 'pictures are taken from the recording instead; nothing needs to be done';
    if (found instanceof Failure) {
      return warn(found.code === 'snapshot-missing' ? 'none by HTTP' : found.message, found.hint ?? fix);
    }
    return ok(`${Math.round(found.bytes / 1000)} kB in ${(found.ms / 1000).toFixed(1)} s`);
  },
};

const motion: Check = {
  id: 'motion',
  title: 'motion events',
  judge({ motion: found }) {
    if (found === undefined) return undefined;
    if (found instanceof Failure) return fail(found.message, found.hint ?? 'switch motion detection on at the camera');
    const { seen, states, seconds } = found;
    if (seen.length > 0) return ok(`${seen.join(', ')} seen`);
    if (states.length > 0) return ok(`${states.join(', ')}; nothing moved for ${Math.round(seconds)} s`);
    const fix = 'switch motion detection on at the camera, walk past it, and check again';
    return unknown(`subscribed, and nothing came for ${Math.round(seconds)} s`, fix);
  },
};

export const SERVICE_CHECKS: readonly Check[] = [snapshot, motion];
