import { describe, expect, it } from 'vitest';
import { isSameZone, posixRule, ruleOffsets, zoneOffsets } from '../../lib/posix-timezone.js';

describe('the POSIX rule of a zone', () => {
  it.each([
    ['Europe/Copenhagen', 'CET-1CEST,M3.5.0,M10.5.0/3'],
    ['Europe/London', 'GMT0BST,M3.5.0/1,M10.5.0'],
    ['America/New_York', 'EST5EDT,M3.2.0,M11.1.0'],
    ['Australia/Sydney', 'AEST-10AEDT,M10.1.0,M4.1.0/3'],
    ['Asia/Kolkata', 'IST-5:30'],
    ['UTC', 'UTC0'],
    ['America/Sao_Paulo', 'STD3'],
    ['Australia/Lord_Howe', 'LHST-10:30LHDT-11,M10.1.0,M4.1.0'],
    ['Africa/Cairo', 'EET-2EEST,M4.5.5/0,M10.5.4/24'],
  ])('of %s is %s', (zone, rule) => {
    expect(posixRule(zone, 2026)).toBe(rule);
  });

  it('does what the zone does, for every zone there is, or is not to be had', () => {
    const without: string[] = [];
    for (const zone of Intl.supportedValuesOf('timeZone')) {
      const rule = posixRule(zone, 2026);
      if (rule === undefined) without.push(zone);
      else {
        expect(rule).toMatch(/^[A-Z]{3,5}-?\d/);
        for (const year of [2026, 2029])
          expect(isSameZone(ruleOffsets(rule)!, zoneOffsets(zone), year), zone).toBe(true);
      }
    }
    // Ramadan, or rules that are decided year by year.
    expect(without.length).toBeLessThan(12);
    expect(without).toContain('Africa/Casablanca');
  });
});

describe('a POSIX rule that a camera tells', () => {
  const copenhagen = zoneOffsets('Europe/Copenhagen');
  it.each([
    'CET-1CEST,M3.5.0,M10.5.0/3',
    'CET-01:00:00CEST-02:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00',
    // Hikvision's.
    'CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00',
    '<+01>-1<+02>,M3.5.0/2,M10.5.0/3',
  ])('is known for Copenhagen in the spelling %s', (rule) => {
    expect(isSameZone(ruleOffsets(rule)!, copenhagen, 2026)).toBe(true);
  });

  it.each(['CET-1', 'CET-1CEST,M3.5.0,M10.4.0/3', 'EST5EDT', 'UTC0'])('is told from Copenhagen: %s', (rule) => {
    expect(isSameZone(ruleOffsets(rule)!, copenhagen, 2026)).toBe(false);
  });

  it.each(['', 'Europe/Copenhagen', 'GMT+01:00 Copenhagen', 'X-1', 'CET-1CEST,J60,J300'])('is none: %j', (text) => {
    expect(ruleOffsets(text)).toBeUndefined();
  });
});
