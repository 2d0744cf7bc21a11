import { AWS_PRICES, type StorageClass } from './aws-prices.js';

/** Moving footage to a cheaper class of S3: when it pays. Minimum durations and what each object costs are computed. */

export type Tier = Exclude<StorageClass, 'standard'>;

const GIB = 2 ** 30;
const DAYS_PER_MONTH = 30;
/** S3 refuses to move objects to Infrequent Access before this; to Glacier classes it does at once. */
const FIRST_DAY: Record<Tier, number> = { 'standard-ia': 30, 'glacier-ir': 1, 'deep-archive': 1 };
/** Deep Archive is hours away: footage stays at hand for as long as somebody may ask for it. */
const AT_HAND_DAYS = 30;
/** Without a retention, savings are reckoned over this. */
const FOREVER_DAYS = 3_650;
/** A five-minute file of 2 Mbit/s. */
const TYPICAL_BYTES = 75_000_000;
/** Part of all footage that is looked at once, which Infrequent Access and Glacier charge for. */
const VIEWED = 0.02;

export interface TierPlan {
  tier: Tier;
  /** Days after its arrival on which an object moves. */
  afterDays: number;
  /** Smaller objects stay: moving them costs more than it saves. */
  minimumBytes: number;
}

/** The cheapest class that plays at once for footage kept `retentionDays` (undefined: for ever); undefined where none pays. */
export function bestTier(retentionDays: number | undefined): TierPlan | undefined {
  const plans = (['standard-ia', 'glacier-ir'] as const)
    .map((tier) => tierPlan(tier, retentionDays))
    .filter((plan) => plan !== undefined);
  const costOf = (plan: TierPlan) => tierCost(plan.tier, plan.afterDays, retentionDays ?? FOREVER_DAYS, TYPICAL_BYTES);
  return plans.sort((a, b) => costOf(a) - costOf(b))[0];
}

/** How to use a class; undefined where it costs more than staying in Standard. */
export function tierPlan(tier: Tier, retentionDays: number | undefined): TierPlan | undefined {
  const days = retentionDays ?? FOREVER_DAYS;
  const afterDays = tier === 'deep-archive' ? AT_HAND_DAYS : FIRST_DAY[tier];
  if (days <= afterDays || saving(tier, afterDays, days, TYPICAL_BYTES) <= 0) return undefined;
  return { tier, afterDays, minimumBytes: breakEvenBytes(tier, afterDays, days) };
}

/** Why a class that was asked for does not pay, in a sentence; undefined where it does. */
export function tierRefusal(tier: Tier, retentionDays: number | undefined): string | undefined {
  if (tierPlan(tier, retentionDays)) return undefined;
  const { minimumDays } = AWS_PRICES.s3[tier];
  return `with a retention of ${retentionDays} days ${tier} costs more than it saves: each object is billed for at least ${minimumDays} days there; write \`tier: auto\`, or keep footage longer`;
}

/** Dollars for one object of `bytes` over its whole life when it moves to `tier` after `afterDays`. */
export function tierCost(tier: Tier, afterDays: number, days: number, bytes: number): number {
  const { gbMonth, transition, minimumDays, overheadBytes, retrievalGb } = AWS_PRICES.s3[tier];
  const standard = AWS_PRICES.s3.standard.gbMonth;
  const billedDays = Math.max(days - afterDays, minimumDays);
  return (
    transition +
    (bytes / GIB) * standard * (afterDays / DAYS_PER_MONTH) +
    ((bytes * gbMonth + overheadBytes * standard) / GIB) * (billedDays / DAYS_PER_MONTH) +
    (bytes / GIB) * retrievalGb * VIEWED
  );
}

function saving(tier: Tier, afterDays: number, days: number, bytes: number): number {
  const stay = (bytes / GIB) * AWS_PRICES.s3.standard.gbMonth * (days / DAYS_PER_MONTH);
  return stay - tierCost(tier, afterDays, days, bytes);
}

/** Costs are linear in the size: what is the same for every object, divided by what each byte saves. At least S3's own 128 KiB. */
function breakEvenBytes(tier: Tier, afterDays: number, days: number): number {
  const fixed = -saving(tier, afterDays, days, 0);
  const perByte = saving(tier, afterDays, days, 1) + fixed;
  return Math.max(128 * 1024, Math.ceil(fixed / perByte));
}
