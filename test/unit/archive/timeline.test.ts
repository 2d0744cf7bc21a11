import { describe, expect, it } from 'vitest';
import { account, timeline } from '../../../src/archive/timeline.js';
import { at, gap, off as idle, segment, snapshot } from '../../simulators/entries.js';

const DAY = '2026-05-03';
const day = { start: at(DAY), end: at('2026-05-04') };
const HOUR = 3_600_000;

const file = (from: string, to: string, more = {}) => ({
  ...segment('gate', at(DAY, from), at(DAY, to)),
  uploaded: true,
  ...more,
});

describe('timeline', () => {
  it('joins files that follow each other, and keeps apart what looks different', () => {
    const entries = [
      file('10:05', '10:10'),
      file('10:00', '10:05'),
      { ...file('10:10', '10:15'), start: at(DAY, '10:10') + 1000 },
      { ...file('10:15', '10:20'), start: at(DAY, '10:15') + 1001 },
      file('10:20', '10:25', { local: true, uploaded: false }),
      file('10:25', '10:30', { kind: 'motion' }),
      snapshot('gate', at(DAY, '10:01')),
    ];
    const times = timeline(entries, day).spans.map(({ start, end, kind, local, uploaded }) => {
      return [new Date(start).toISOString().slice(11, 19), (end - start) / 1000, kind, local, uploaded];
    });
    expect(times).toEqual([
      ['10:00:00', 900, 'continuous', false, true],
      ['10:15:01', 298.999, 'continuous', false, true],
      ['10:20:00', 300, 'continuous', true, false],
      ['10:25:00', 300, 'motion', false, true],
    ]);
  });

  it('is cut to the range', () => {
    const entries = [
      { ...segment('gate', day.start - 5000, day.start + 2000) },
      gap('gate', day.end - 3000, day.end + HOUR, 'silent'),
    ];
    const { spans, gaps } = timeline(entries, day);
    expect(spans).toMatchObject([{ start: day.start, end: day.start + 2000 }]);
    expect(gaps).toEqual([{ start: day.end - 3000, end: day.end, cause: 'silent' }]);
  });

  it('lets footage win over a gap, and shows no stretch of a gap twice', () => {
    const entries = [
      gap('gate', at(DAY, '10:00'), at(DAY, '11:00')),
      gap('gate', at(DAY, '10:30'), at(DAY, '11:30'), 'silent'),
      file('10:10', '10:20'),
    ];
    expect(timeline(entries, day).gaps).toEqual([
      { start: at(DAY, '10:00'), end: at(DAY, '10:10'), cause: 'unreachable' },
      { start: at(DAY, '10:20'), end: at(DAY, '11:00'), cause: 'unreachable' },
      { start: at(DAY, '11:00'), end: at(DAY, '11:30'), cause: 'silent' },
    ]);
  });
});

describe('account', () => {
  it('puts each millisecond into exactly one of recorded, off and gap (I4)', () => {
    const entries = [
      { ...segment('gate', day.start - HOUR, at(DAY, '10:00')) },
      gap('gate', at(DAY, '10:00'), at(DAY, '11:30'), 'unreachable'),
      gap('gate', at(DAY, '11:30'), at(DAY, '12:00'), 'silent'),
      file('12:00', '18:00'),
      gap('gate', at(DAY, '17:00'), at(DAY, '19:00'), 'silent'),
    ];
    const off = [{ start: at(DAY, '18:30'), end: day.end + HOUR }];
    expect(account(entries, day, off)).toEqual({
      configuredMs: 24 * HOUR,
      recordedMs: 16 * HOUR,
      offMs: 5.5 * HOUR,
      gapMs: 2.5 * HOUR,
      gapMsByCause: { unreachable: 1.5 * HOUR, silent: HOUR },
      unaccountedMs: 0,
      unaccounted: [],
    });
  });

  it('counts time off as the entries tell of it, and lets footage win over it', () => {
    const entries = [
      idle('gate', day.start - HOUR, at(DAY, '07:00'), 'schedule'),
      file('06:59', '08:00'),
      idle('gate', at(DAY, '08:00'), day.end + HOUR),
      gap('gate', at(DAY, '09:00'), at(DAY, '10:00'), 'silent'),
    ];
    const sums = { recordedMs: 61 * 60_000, offMs: 24 * HOUR - 61 * 60_000, gapMs: 0, unaccountedMs: 0 };
    expect(account(entries, day)).toMatchObject(sums);
  });

  it('names what is in none of them', () => {
    const entries = [file('00:00', '10:00'), file('10:05', '23:00')];
    const { unaccountedMs, unaccounted } = account(entries, day);
    expect(unaccounted).toEqual([
      { start: at(DAY, '10:00'), end: at(DAY, '10:05') },
      { start: at(DAY, '23:00'), end: day.end },
    ]);
    expect(unaccountedMs).toBe(HOUR + 5 * 60_000);
  });

  it('takes a break of a frame between two files for what it is, unless a gap stands there', () => {
    const range = { start: at(DAY, '10:00'), end: at(DAY, '10:10') };
    const entries = [file('10:00', '10:05'), { ...file('10:05', '10:10'), start: at(DAY, '10:05') + 400 }];
    expect(account(entries, range)).toMatchObject({ recordedMs: 600_000, unaccountedMs: 0 });
    const said = [...entries, gap('gate', at(DAY, '10:05'), at(DAY, '10:05') + 400)];
    expect(account(said, range)).toMatchObject({ recordedMs: 599_600, gapMs: 400, unaccountedMs: 0 });
  });

  it('adds up for anything', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % below;
    };
    for (let round = 0; round < 300; round++) {
      const pick = () => day.start - HOUR + random(26 * HOUR);
      const interval = () => {
        const [start, end] = [pick(), pick()].sort((a, b) => a - b) as [number, number];
        return { start, end };
      };
      const entries = Array.from({ length: random(12) }, () => {
        const { start, end } = interval();
        return random(2) === 0
          ? segment('gate', start, end)
          : gap('gate', start, end, random(2) ? 'silent' : 'starting');
      });
      const off = Array.from({ length: random(3) }, interval);
      const sum = account(entries, day, off);
      expect(sum.recordedMs + sum.offMs + sum.gapMs + sum.unaccountedMs).toBe(sum.configuredMs);
      expect(Object.values(sum.gapMsByCause).reduce((a, b) => a + b, 0)).toBe(sum.gapMs);
    }
  });
});
