import { describe, expect, it } from 'vitest';
import type { LocatedEntry } from '../../../src/archive-source.js';
import {
  clampView,
  firstView,
  follow,
  isFootage,
  MIN_VIEW_MS,
  momentAt,
  motionBeside,
  motionsOf,
  openSpan,
  pan,
  spansOf,
  tickStep,
  timeAt,
  xOf,
  zoom,
} from '../../../web/src/timeline/model.js';
import { explain } from '../../../web/src/timeline/words.js';

const DAY = { from: 0, to: 86_400_000 };
const HOUR = 3_600_000;

const segment = (start: number, end: number, uploaded: boolean): LocatedEntry => ({
  type: 'segment',
  key: `home/front/${start}`,
  kind: 'continuous',
  camera: 'front',
  start,
  end,
  bytes: 1,
  sha256: '',
  source: 'rtsp',
  uploaded,
});
const gap = (start: number, end: number): LocatedEntry => ({
  type: 'gap',
  camera: 'front',
  start,
  end,
  cause: 'silent',
});

describe('pixels and times', () => {
  it('are each other’s inverse', () => {
    const view = { from: 1000, to: 61_000 };
    expect(xOf(view, 600, 31_000)).toBe(300);
    expect(timeAt(view, 600, 300)).toBe(31_000);
    expect(timeAt(view, 600, xOf(view, 600, 12_345))).toBeCloseTo(12_345);
  });
});

describe('zoom', () => {
  it('keeps the time under the pointer where it is', () => {
    const view = { from: 6 * HOUR, to: 18 * HOUR };
    const zoomed = zoom(view, DAY, 2, 9 * HOUR);
    expect(zoomed.to - zoomed.from).toBe(6 * HOUR);
    expect(xOf(zoomed, 100, 9 * HOUR)).toBeCloseTo(xOf(view, 100, 9 * HOUR));
  });

  it('stops at two minutes and at the whole day', () => {
    const close = zoom(DAY, DAY, 100_000, 12 * HOUR);
    expect(close.to - close.from).toBe(MIN_VIEW_MS);
    expect(zoom(close, DAY, 0.000_001, 12 * HOUR)).toEqual(DAY);
  });

  it('never shows another day', () => {
    const view = { from: 0, to: 2 * HOUR };
    expect(zoom(view, DAY, 0.5, 2 * HOUR)).toEqual({ from: 0, to: 4 * HOUR });
    expect(pan(view, DAY, -HOUR)).toEqual(view);
    expect(pan(view, DAY, 100 * HOUR)).toEqual({ from: 22 * HOUR, to: 24 * HOUR });
    expect(clampView({ from: -HOUR, to: 30 * HOUR }, DAY)).toEqual(DAY);
  });

  it('turns the page only when the picture leaves it', () => {
    const view = { from: 0, to: HOUR };
    expect(follow(view, DAY, HOUR / 2)).toBe(view);
    const turned = follow(view, DAY, 1.5 * HOUR);
    expect(turned.to - turned.from).toBe(HOUR);
    expect(turned.from).toBeLessThan(1.5 * HOUR);
    expect(turned.to).toBeGreaterThan(2 * HOUR);
  });
});

describe('the first view of a day', () => {
  const bounds = { from: 0, to: 86_400_000 };
  const at = (start: number, end: number) => ({ start, end });

  it('is the whole day when there is much footage, or none', () => {
    expect(firstView([], bounds)).toBe(bounds);
    expect(firstView([at(3_600_000, 10 * 3_600_000)], bounds)).toBe(bounds);
  });

  it('is short when the footage is, and shows all of it', () => {
    const view = firstView([at(40_000_000, 40_030_000), at(40_030_000, 40_090_000)], bounds);
    expect(view.to - view.from).toBe(300_000);
    expect(view.from).toBeLessThan(40_000_000);
    expect(view.to).toBeGreaterThan(40_090_000);
  });

  it('stays within the day', () => {
    const view = firstView([at(86_390_000, 86_400_500)], bounds);
    expect(view.to).toBe(86_400_000);
  });
});

describe('spans', () => {
  it('joins files that follow each other within a second, and nothing further apart', () => {
    const spans = spansOf([segment(10_900, 20_000, true), segment(0, 10_000, true), segment(21_100, 30_000, true)]);
    expect(spans.map(({ kind, start, end }) => ({ kind, start, end }))).toEqual([
      { kind: 'uploaded', start: 0, end: 20_000 },
      { kind: 'uploaded', start: 21_100, end: 30_000 },
    ]);
  });

  it('keeps apart what is uploaded, what waits and what is missing', () => {
    const spans = spansOf([segment(0, 10_000, true), segment(10_000, 20_000, false), gap(20_000, 25_000)]);
    expect(spans.map((span) => span.kind)).toEqual(['uploaded', 'waiting', 'gap']);
    expect(spans[2]?.cause).toBe('silent');
  });

  it('keeps apart what was fetched from the camera afterwards, and says so', () => {
    const fetched = { ...segment(10_000, 20_000, true), source: 'backfilled' } as LocatedEntry;
    const spans = spansOf([segment(0, 10_000, true), fetched, segment(20_000, 30_000, true)]);
    expect(spans.map(({ backfilled }) => backfilled)).toEqual([undefined, true, undefined]);
    expect(explain(momentAt(spans, 15_000, 50_000))).toBe(
      "recorded and uploaded, fetched from the camera's own recording",
    );
    expect(explain(momentAt(spans, 25_000, 50_000))).toBe('recorded and uploaded');
  });

  it('does not join across a hole that another state fills', () => {
    const spans = spansOf([segment(0, 10_000, true), gap(10_000, 20_000), segment(20_000, 30_000, true)]);
    expect(spans).toHaveLength(3);
  });

  it('tells the open file from nothing by the newest frame alone', () => {
    const spans = spansOf([segment(0, 10_000, true)]);
    expect(openSpan(spans, 14_000)).toEqual({ kind: 'open', start: 10_000, end: 14_000 });
    expect(openSpan(spans, 9000)).toBeUndefined();
    expect(openSpan(spans, undefined)).toBeUndefined();
  });

  it('says what one moment is', () => {
    const spans = spansOf([segment(0, 10_000, true), gap(5000, 20_000)]);
    expect(momentAt(spans, 7000, 50_000).kind).toBe('uploaded');
    expect(momentAt(spans, 15_000, 50_000).kind).toBe('gap');
    expect(momentAt(spans, 30_000, 50_000).kind).toBe('nothing');
    expect(momentAt(spans, 60_000, 50_000).kind).toBe('future');
  });
});

describe('hours', () => {
  it('leaves every label its room', () => {
    expect(tickStep(DAY, 1200, 60)).toBe(2 * HOUR);
    expect(tickStep(DAY, 350, 60)).toBe(6 * HOUR);
    expect(tickStep({ from: 0, to: MIN_VIEW_MS }, 1200, 60)).toBe(10_000);
  });
});

describe('motion', () => {
  const moving = (start: number, end: number, score?: number, kind = 'motion'): LocatedEntry => {
    const file = segment(start - 1000, end + 1000, true);
    return file.type === 'segment' ? { ...file, motion: [{ start, end, score, kind }] } : file;
  };

  it('that goes on in the next file is one event, of the better score and the better word', () => {
    expect(motionsOf([moving(20_000, 30_000, 0.9, 'person'), moving(10_000, 19_500, 0.4)])).toEqual([
      { start: 10_000, end: 30_000, score: 0.9, kind: 'person' },
    ]);
    expect(motionsOf([moving(10_000, 12_000), moving(20_000, 22_000)])).toHaveLength(2);
  });

  it('before and after a moment is found, not the one the moment is at', () => {
    const events = motionsOf([moving(10_000, 12_000), moving(20_000, 22_000), moving(40_000, 41_000)]);
    expect(motionBeside(events, 20_000, 1)?.start).toBe(40_000);
    expect(motionBeside(events, 20_000, -1)?.start).toBe(10_000);
    expect(motionBeside(events, 41_000, 1)).toBeUndefined();
  });
});

describe('what files are and are not', () => {
  it('tells frozen files and time off from the rest', () => {
    const off: LocatedEntry = { type: 'off', camera: 'front', start: 0, end: 10_000, reason: 'schedule' };
    const spans = spansOf([
      off,
      { ...segment(10_000, 20_000, true), frozen: 'GLACIER' },
      segment(20_000, 30_000, true),
    ]);
    expect(spans.map(({ kind, detail, reason }) => [kind, detail, reason])).toEqual([
      ['off', undefined, 'schedule'],
      ['frozen', 'GLACIER', undefined],
      ['uploaded', undefined, undefined],
    ]);
    expect(spans.map(isFootage)).toEqual([false, true, true]);
    expect(momentAt(spans, 5_000, 50_000).kind).toBe('off');
  });
});
