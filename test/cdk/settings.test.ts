import { describe, expect, it } from 'vitest';
import { readSettings } from '../../cdk/settings.js';

const read = (context: Record<string, unknown>) => readSettings((name) => context[name]);

describe('the context of a deployment', () => {
  it('keeps footage for ever where nothing is said', () => {
    expect(read({})).toEqual({ retentionDays: undefined });
  });

  it.each([
    ['90', 90],
    [90, 90],
    ['1', 1],
    [36_500, 36_500],
  ])('reads %j as %d days', (value, days) => {
    expect(read({ retentionDays: value }).retentionDays).toBe(days);
  });

  it.each(['', '0', '-5', '1.5', '90d', ' 90', '1e3', '36501', 0, 1.5, Number.NaN, true, null, [90], {}])(
    'refuses %j and says what to write',
    (value) => {
      expect(() => read({ retentionDays: value })).toThrow(
        `Context "retentionDays" is ${JSON.stringify(value)}; write a whole number of days from 1 to 36500`,
      );
    },
  );
});
