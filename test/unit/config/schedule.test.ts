import { describe, expect, it } from 'vitest';
import { Schedule, schedule } from '../../../src/config/schedule.js';

const at = (text: string) => Date.parse(text);
const copenhagen = (rules: string, otherwise: 'continuous' | 'off' = 'continuous') =>
  new Schedule(schedule.parse(rules), otherwise, 'Europe/Copenhagen');

describe('record.schedule', () => {
  it('takes the first rule that fits, in the time zone of the site', () => {
    const week = copenhagen('mon-fri 07:00-19:00 motion; sat,sun off; continuous', 'off');
    // Monday; Copenhagen is two hours ahead of UTC.
    expect(week.modeAt(at('2026-05-04T04:59:59Z'))).toBe('continuous');
    expect(week.modeAt(at('2026-05-04T05:00:00Z'))).toBe('motion');
    expect(week.modeAt(at('2026-05-04T16:59:59Z'))).toBe('motion');
    expect(week.modeAt(at('2026-05-04T17:00:00Z'))).toBe('continuous');
    // Saturday begins at 22:00 UTC on Friday.
    expect(week.modeAt(at('2026-05-08T21:59:59Z'))).toBe('continuous');
    expect(week.modeAt(at('2026-05-08T22:00:00Z'))).toBe('off');
  });

  it('falls back to record.mode, and is that alone without rules', () => {
    expect(copenhagen('wed 10:00-11:00 off').modeAt(at('2026-05-04T08:30:00Z'))).toBe('continuous');
    const none = new Schedule(undefined, 'off', 'UTC');
    expect([none.modeAt(0), none.offReason, none.isEver('off'), none.isEver('motion')]).toEqual([
      'off',
      'mode',
      true,
      false,
    ]);
  });

  it('runs past midnight into the day after, and over the end of the week', () => {
    const nights = copenhagen('sun 22:00-06:00 off');
    expect(nights.modeAt(at('2026-05-03T20:00:00Z'))).toBe('off');
    expect(nights.modeAt(at('2026-05-04T03:59:00Z'))).toBe('off');
    expect(nights.modeAt(at('2026-05-04T04:00:00Z'))).toBe('continuous');
    expect(copenhagen('sat-mon off').modeAt(at('2026-05-04T10:00:00Z'))).toBe('off');
    expect(copenhagen('sat-mon off').modeAt(at('2026-05-05T10:00:00Z'))).toBe('continuous');
  });

  it('follows the clock on the wall through both changes of it', () => {
    const early = copenhagen('02:30-03:30 off');
    // 29 March: 02:00 becomes 03:00. 25 October: 03:00 becomes 02:00, and 02:30 comes twice.
    const minutesOff = (day: string) =>
      Array.from({ length: 360 }, (_, n) => early.modeAt(at(`${day}T00:00:00Z`) - 3_600_000 + n * 60_000)).filter(
        (mode) => mode === 'off',
      ).length;
    expect([minutesOff('2026-03-28'), minutesOff('2026-03-29'), minutesOff('2026-10-25')]).toEqual([60, 30, 90]);
  });

  it.each([
    ['', 'rule 1 (""): it is empty'],
    ['always', 'rule 1 ("always"): it must end in continuous, motion or off'],
    ['mon-fri', 'rule 1 ("mon-fri"): it must end in'],
    ['mon-fri 7-19 motion', 'rule 1 ("mon-fri 7-19 motion"): "7-19" is neither days nor a time of day'],
    ['funday motion', '"funday" is neither'],
    ['25:00-26:00 off', '"25:00-26:00" is neither'],
    ['10:00-10:00 off', '"10:00-10:00" is neither'],
    ['mon off;', 'rule 2 (""): it is empty, so leave out the ";" before it'],
    ['mon tue off', 'its days belong together, as "mon,tue"'],
    ['mon off; 07:00-19:00 mon motion ; continuous', 'rule 2 ("07:00-19:00 mon motion"): "07:00-19:00" is neither'],
  ])('refuses %j, says which rule and why, and what to write', (text, why) => {
    const { error } = schedule.safeParse(text);
    expect(error?.issues).toHaveLength(1);
    expect(error?.issues[0]?.message).toContain(why);
    expect(error?.issues[0]?.message).toMatch(/; write rules such as "mon-fri 07:00-19:00 motion/);
  });

  it('names every rule that cannot be read', () => {
    const messages = schedule.safeParse('mo off; tue off; wedn off').error?.issues.map(({ message }) => message);
    expect(messages).toEqual([
      expect.stringMatching(/^rule 1 \("mo off"\)/),
      expect.stringMatching(/^rule 3 \("wedn off"\)/),
    ]);
  });
});

describe('a rule that can never count', () => {
  it.each([
    ['off; mon-fri 07:00-19:00 motion', 'mon-fri 07:00-19:00 motion; off'],
    ['mon-sun motion; continuous', 'continuous; mon-sun motion'],
    [
      'mon-fri off; sat,sun motion; wed 10:00-12:00 continuous',
      'wed 10:00-12:00 continuous; mon-fri off; sat,sun motion',
    ],
    ['22:00-06:00 off; mon 23:00-05:00 motion', 'mon 23:00-05:00 motion; 22:00-06:00 off'],
  ])('is refused in %j', (rules, better) => {
    const message = schedule.safeParse(rules).error?.issues[0]?.message;
    expect(message).toMatch(/can never count/);
    expect(message).toContain(`("${better}")`);
  });

  it.each(['mon-fri off; off', 'sat 22:00-06:00 off; sun 05:00-07:00 motion; continuous'])('is none of %j', (rules) => {
    expect(schedule.safeParse(rules).success).toBe(true);
  });
});

describe('the longest time a camera is off', () => {
  it.each([
    ['continuous', 0],
    ['mon-fri 08:00-18:00 off', 10],
    ['22:00-06:00 off', 8],
    ['fri 18:00-24:00 off; sat,sun off; mon 00:00-06:00 off', 60],
    ['off', 7 * 24],
  ])('of %j is %i hours', (rules, hours) => {
    expect(copenhagen(rules).longestOffMs()).toBe(hours * 3_600_000);
  });
});
