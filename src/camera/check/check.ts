import type { CameraFacts } from './facts.js';

/** `unknown`: it could not be measured, and the report says why. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export interface CheckResult {
  id: string;
  title: string;
  /** What was found, in a few words. */
  measured: string;
  verdict: Verdict;
  /** What to do about it: a command, or a sentence. Not there when all is well. */
  fix?: string;
}

/** One thing a good installation needs. Undefined where it does not apply to this camera. */
export interface Check {
  id: string;
  title: string;
  judge(facts: CameraFacts): Judgement | undefined;
}

export type Judgement = Omit<CheckResult, 'id' | 'title'>;

export const ok = (measured: string): Judgement => ({ measured, verdict: 'ok' });
export const warn = (measured: string, fix: string): Judgement => ({ measured, verdict: 'warn', fix });
export const fail = (measured: string, fix: string): Judgement => ({ measured, verdict: 'fail', fix });
export const unknown = (measured: string, fix?: string): Judgement => ({
  ...{ measured, verdict: 'unknown' as const },
  ...(fix === undefined ? {} : { fix }),
});

/** `nvr-uplink camera set gate fps=15`; for a camera that is not configured, what to look for on its pages. */
export function setCommand({ isConfigured, name }: CameraFacts, setting: string, otherwise: string): string {
  return isConfigured ? `nvr-uplink camera set ${name} ${setting}` : otherwise;
}
