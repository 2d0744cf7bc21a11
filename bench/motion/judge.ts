import { type ClipPlan, labelsOf } from './scenes.js';

/** How well the beginnings somebody told of go with what began. */
export interface Verdict {
  events: number;
  found: number;
  /** Told of, and nothing began. */
  wrong: number;
  /** From the first picture that shows something to word of it, seconds. */
  latencies: number[];
}

/** Word of something may be on its way when it has left: motion plays its streams a few seconds behind. No pause is shorter. */
const LATEST_MS = 4_000;

/**
 * A beginning that is told while something moves has found it; another one for the same thing is no fault. All others are wrong, so
 * whoever claims that something moves all the time finds nothing.
 */
export function judgeBeginnings(plan: ClipPlan, beginningsMs: readonly number[]): Verdict {
  const labels = labelsOf(plan);
  const first = new Map<number, number>();
  let wrong = 0;
  // After its end the clip begins anew.
  for (const at of beginningsMs.filter((ms) => ms < (plan.frames * 1_000) / plan.fps)) {
    const index = labels.findIndex(({ fromMs, endMs }) => at >= fromMs && at <= endMs + LATEST_MS);
    if (index < 0) wrong++;
    else if (!first.has(index)) first.set(index, at);
  }
  const latencies = [...first].map(([index, at]) => (at - labels[index]!.startMs) / 1_000);
  return { events: labels.length, found: first.size, wrong, latencies };
}

export function sum(verdicts: readonly Verdict[]): Verdict {
  const total = (of: (one: Verdict) => number) => verdicts.reduce((all, one) => all + of(one), 0);
  return {
    events: total(({ events }) => events),
    found: total(({ found }) => found),
    wrong: total(({ wrong }) => wrong),
    latencies: verdicts.flatMap(({ latencies }) => latencies),
  };
}

export function recall({ found, events }: Verdict): number {
  return found / events;
}

/** Of nothing that was told, nothing was wrong. */
export function precision({ found, wrong }: Verdict): number {
  return found + wrong === 0 ? 1 : found / (found + wrong);
}

export function f1({ found, wrong, events }: Verdict): number {
  return (2 * found) / (found + wrong + events);
}

/** Infinite where nothing was found. */
export function medianLatency({ latencies }: Verdict): number {
  return [...latencies].sort((a, b) => a - b)[latencies.length >> 1] ?? Number.POSITIVE_INFINITY;
}
