import type { Clock } from '../../lib/clock.js';
import type { S3Thaw, ThawTier } from '../../lib/objects/s3-thaw.js';
import type { LocatedMedia } from './span-entries.js';

/**
 * What a thaw costs and how long it takes at most, by class and tier: US dollars for each GB and each thousand objects, hours. Of
 * 2026-11-21, us-east-1; those marked UNVERIFIED come from memory. The copy is billed as Standard storage while it lasts.
 */
const TIERS: Readonly<Record<string, Partial<Record<ThawTier, { gb: number; thousand: number; hours: number }>>>> = {
  GLACIER: {
    /** UNVERIFIED. */
    expedited: { gb: 0.03, thousand: 10, hours: 0.1 },
    standard: { gb: 0.01, thousand: 0.03, hours: 5 },
    /** UNVERIFIED. */
    bulk: { gb: 0, thousand: 0, hours: 12 },
  },
  DEEP_ARCHIVE: {
    standard: { gb: 0.02, thousand: 0.1, hours: 12 },
    bulk: { gb: 0.0025, thousand: 0.025, hours: 48 },
  },
};

export interface ThawPlan {
  frozen: { key: string; bytes: number; storage: string }[];
  thawing: number;
  readable: number;
  missing: string[];
}

/** How the files of a span stand. Each costs a request. */
export async function planThaw(thaw: Pick<S3Thaw, 'state'>, files: readonly LocatedMedia[]): Promise<ThawPlan> {
  const plan: ThawPlan = { frozen: [], thawing: 0, readable: 0, missing: [] };
  for (const { key, bytes } of files) {
    const found = await thaw.state(key);
    if (found.state === 'frozen') plan.frozen.push({ key, bytes, storage: found.storage });
    else if (found.state === 'missing') plan.missing.push(key);
    else plan[found.state]++;
  }
  return plan;
}

/** What the tier asks for all of it; undefined where one of the classes has no such tier. */
export function thawCost({ frozen }: ThawPlan, tier: ThawTier): { dollars: number; hours: number } | undefined {
  let [dollars, hours] = [0, 0];
  for (const { bytes, storage } of frozen) {
    const price = TIERS[storage]?.[tier];
    if (!price) return undefined;
    dollars += (bytes / 1e9) * price.gb + price.thousand / 1_000;
    hours = Math.max(hours, price.hours);
  }
  return { dollars, hours };
}

/** Minutes are nothing to what a thaw takes. */
const POLL_MS = 60_000;

/** Resolves once all of them can be read; each look costs a request for each that cannot yet. */
export async function untilThawed(
  thaw: Pick<S3Thaw, 'state'>,
  keys: readonly string[],
  { clock, signal, onLeft }: { clock: Clock; signal: AbortSignal; onLeft: (left: number) => void },
): Promise<void> {
  let left = [...keys];
  while (left.length > 0) {
    signal.throwIfAborted();
    const still: string[] = [];
    for (const key of left) if ((await thaw.state(key)).state !== 'readable') still.push(key);
    left = still;
    onLeft(left.length);
    if (left.length > 0) await clock.sleep(POLL_MS, signal);
  }
}
