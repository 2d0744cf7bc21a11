import { Failure } from '../../lib/errors.js';

/** Then asking on would only take longer. */
const FATAL = new Set(['unreachable', 'timed-out', 'aborted', 'certificate-changed']);

/** Undefined where the camera refuses this one thing; a camera that is gone is another matter. */
export async function optional<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Failure) || FATAL.has(error.code)) throw error;
    return undefined;
  }
}
