import { describe, expect, it } from 'vitest';
import { type Filter, isWanted, readFilter, writeFilter } from '../../../web/src/review/filter.js';
import { Zone } from '../../../web/src/timeline/zone.js';

const zone = new Zone('Europe/Copenhagen');
const read = (query: string) => readFilter(new URLSearchParams(query));
const at = (clock: string) => Date.parse(`2026-05-03T${clock}Z`);
const wanted = (filter: Partial<Filter>, clock: string, score?: number) =>
  isWanted({ score: 0, ...filter }, zone, { start: at(clock), ...(score !== undefined && { score }) });

describe('the filter of the review page', () => {
  it('is read from the address as it was written', () => {
    const filter = { camera: 'gate', day: '2026-05-03', from: '22:00', to: '06:00', score: 0.5 };
    expect(writeFilter(filter)).toBe('/review?camera=gate&day=2026-05-03&from=22:00&to=06:00&score=50');
    expect(read('camera=gate&day=2026-05-03&from=22:00&to=06:00&score=50')).toEqual(filter);
    expect(writeFilter({ score: 0 })).toBe('/review');
  });

  it('leaves out what cannot be read', () => {
    expect(read('day=3.5.&from=late&score=many')).toEqual({ score: 0 });
  });

  it('knows nights, which go past midnight, in local time', () => {
    const night = { from: '22:00', to: '06:00' };
    // 20:30 UTC is 22:30 there, 03:59 is 05:59, 04:00 is 06:00.
    expect([wanted(night, '20:30:00'), wanted(night, '03:59:00'), wanted(night, '04:00:00')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(wanted({ from: '08:00', to: '09:00' }, '06:30:00')).toBe(true);
    expect(wanted({ from: '08:00' }, '05:30:00')).toBe(false);
    expect(wanted({ to: '08:00' }, '05:30:00')).toBe(true);
  });

  it('keeps events nobody judged', () => {
    expect([wanted({ score: 0.5 }, '10:00:00', 0.4), wanted({ score: 0.5 }, '10:00:00')]).toEqual([false, true]);
  });

  it('knows local days', () => {
    expect(wanted({ day: '2026-05-04' }, '22:30:00')).toBe(true);
  });
});
