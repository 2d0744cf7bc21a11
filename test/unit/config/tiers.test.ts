import { describe, expect, it } from 'vitest';
import { bestTier, tierCost, tierPlan, tierRefusal } from '../../../src/config/tiers.js';

const GIB = 2 ** 30;

describe('a storage class', () => {
  it('costs what can be worked out by hand', () => {
    // 1 GiB, kept 90 days, 30 of them in Standard at $0.023, 60 in Infrequent Access at $0.0125; moved for $0.00001; 2 % of it
    // looked at for $0.01 a GB.
    expect(tierCost('standard-ia', 30, 90, GIB)).toBeCloseTo(0.023 + 2 * 0.0125 + 0.00001 + 0.02 * 0.01, 10);
    // Deleted on day 40, and billed for the minimum of 30 days in the class all the same.
    expect(tierCost('standard-ia', 30, 40, GIB)).toBeCloseTo(0.023 + 0.0125 + 0.00001 + 0.0002, 10);
    // 40 KiB of overhead at Standard's price for the minimum of 180 days = 6 months.
    expect(tierCost('deep-archive', 30, 31, 0)).toBeCloseTo(0.00005 + ((40 * 1024) / GIB) * 0.023 * 6, 12);
  });

  it.each([
    ['standard-ia', 30, false],
    ['standard-ia', 31, false],
    // From here on 30 days at 0.0125 and the looking cost less than the days beyond 30 in Standard.
    ['standard-ia', 47, true],
    ['standard-ia', 46, false],
    ['glacier-ir', 15, false],
    ['glacier-ir', 20, true],
    ['deep-archive', 30, false],
    ['deep-archive', 90, true],
    ['deep-archive', undefined, true],
  ] as const)('%s for footage kept %s days: pays %s', (tier, days, pays) => {
    expect(tierPlan(tier, days) !== undefined).toBe(pays);
    expect(tierRefusal(tier, days) === undefined).toBe(pays);
  });

  it('is the cheapest one that plays at once, or none', () => {
    expect(bestTier(7)).toBeUndefined();
    expect(bestTier(60)).toMatchObject({ tier: 'glacier-ir', afterDays: 1 });
    expect(bestTier(undefined)).toMatchObject({ tier: 'glacier-ir' });
  });

  it('takes no object so small that moving it costs more than it saves', () => {
    const { minimumBytes, afterDays } = tierPlan('deep-archive', 365)!;
    const stay = (bytes: number) => (bytes / GIB) * 0.023 * (365 / 30);
    expect(tierCost('deep-archive', afterDays, 365, minimumBytes)).toBeLessThanOrEqual(stay(minimumBytes));
    expect(tierCost('deep-archive', afterDays, 365, minimumBytes - 100)).toBeGreaterThan(stay(minimumBytes - 100));
    expect(tierPlan('glacier-ir', 3_650)!.minimumBytes).toBe(128 * 1024);
  });
});
