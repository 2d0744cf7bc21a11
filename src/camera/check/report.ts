import type { CheckResult } from './check.js';
import { DEVICE_CHECKS } from './device-checks.js';
import type { CameraFacts } from './facts.js';
import { SERVICE_CHECKS } from './service-checks.js';
import { STREAM_CHECKS } from './stream-checks.js';

/** In the order an installer goes through them. */
export const CHECKS = [...DEVICE_CHECKS, ...STREAM_CHECKS, ...SERVICE_CHECKS];

/** What there is to say of a camera. Pure: the facts were gathered before. */
export function reportOf(facts: CameraFacts): CheckResult[] {
  return CHECKS.flatMap(({ id, title, judge }) => {
    const judgement = judge(facts);
    return judgement ? [{ id, title, ...judgement }] : [];
  });
}
