import type { LocatedEntry } from '../archive-source.js';
import type { GapCause, MediaKind } from '../segment.js';
import { cutGaps } from './gap-cuts.js';

/** What a day looks like when drawn, and whether its seconds add up (invariant I4). All times are UTC milliseconds. */

export interface Interval {
  start: number;
  end: number;
}

/** Files of one kind and place that follow each other without a visible break. */
export interface Span extends Interval {
  kind: MediaKind;
  local: boolean;
  uploaded: boolean;
}

export interface GapSpan extends Interval {
  cause: GapCause;
}

export interface Timeline {
  spans: Span[];
  gaps: GapSpan[];
}

/**
 * Files are cut at key frames, and a file's last frame has a length only its successor knows: shorter breaks than this between
 * two files are no missing footage.
 */
const JOIN_MS = 1000;

/** Spans and gaps within `range`, by start. Footage wins over a gap. */
export function timeline(entries: readonly LocatedEntry[], range: Interval): Timeline {
  const spans: Span[] = [];
  const open = new Map<string, Span>();
  for (const entry of [...entries].sort((a, b) => a.start - b.start)) {
    if (entry.type !== 'segment') continue;
    const { start, end } = clip(entry, range);
    if (end <= start) continue;
    const { kind, local = false, uploaded = false } = entry;
    const group = `${kind} ${local} ${uploaded}`;
    const before = open.get(group);
    if (before && start - before.end <= JOIN_MS) {
      before.end = Math.max(before.end, end);
      continue;
    }
    const span = { start, end, kind, local, uploaded };
    open.set(group, span);
    spans.push(span);
  }
  return { spans, gaps: gapsOf(entries, range) };
}

/** Where the configured milliseconds of a range went. */
export interface Accounting {
  /** Without what the clock was set over: nobody lived through it. */
  configuredMs: number;
  recordedMs: number;
  /** Off by schedule, and not recorded all the same. */
  offMs: number;
  gapMs: number;
  gapMsByCause: Partial<Record<GapCause, number>>;
  /** In none of these: silent loss. `recorded + gap + off + unaccounted = configured`, and this must be 0. */
  unaccountedMs: number;
  unaccounted: Interval[];
}

/** Accounts for each millisecond of `range`, during which the camera was configured. `off` are times it was not to record, beside those the entries tell of. */
export function account(entries: readonly LocatedEntry[], range: Interval, off: readonly Interval[] = []): Accounting {
  const files = entries.filter((entry) => entry.type === 'segment');
  const gaps = gapsOf(entries, range);
  // A short break between two files counts as recorded, unless a gap says that it is one.
  const recorded = subtract(joined(clipAll(files, range), JOIN_MS), gaps);
  const told = entries.filter((entry) => entry.type === 'off');
  const idle = subtract(joined(clipAll([...off, ...told], range)), recorded);
  const lost = gaps.map((gap) => ({ cause: gap.cause, ms: total(subtract([gap], idle)) })).filter(({ ms }) => ms > 0);
  const gapMsByCause: Partial<Record<GapCause, number>> = {};
  for (const { cause, ms } of lost) gapMsByCause[cause] = (gapMsByCause[cause] ?? 0) + ms;
  const untold = subtract([range], joined([...recorded, ...idle, ...gaps]));
  const skipped = entries.filter((entry) => entry.type === 'clock' && entry.byMs > 0);
  const unaccounted = subtract(untold, joined(clipAll(skipped, range)));
  return {
    configuredMs: range.end - range.start - (total(untold) - total(unaccounted)),
    recordedMs: total(recorded),
    offMs: total(idle),
    gapMs: lost.reduce((sum, { ms }) => sum + ms, 0),
    gapMsByCause,
    unaccountedMs: total(unaccounted),
    unaccounted,
  };
}

/** By start, none of them over another, over footage, or over time that was to be off. */
function gapsOf(entries: readonly LocatedEntry[], range: Interval): GapSpan[] {
  const gaps = entries.filter((entry) => entry.type === 'gap');
  const covers = entries.filter((entry) => entry.type === 'segment' || entry.type === 'off');
  return cutGaps(gaps, covers)
    .map((gap) => ({ ...clip(gap, range), cause: gap.cause }))
    .filter((gap) => gap.end > gap.start)
    .sort((a, b) => a.start - b.start);
}

function clip(interval: Interval, range: Interval): Interval {
  return { start: Math.max(interval.start, range.start), end: Math.min(interval.end, range.end) };
}

function clipAll(intervals: readonly Interval[], range: Interval): Interval[] {
  return intervals.map((interval) => clip(interval, range)).filter((interval) => interval.end > interval.start);
}

/** Sorted and disjoint, with breaks of up to `breakMs` closed. */
function joined(intervals: readonly Interval[], breakMs = 0): Interval[] {
  const result: Interval[] = [];
  for (const { start, end } of [...intervals].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && start - last.end <= breakMs) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

/** What of `intervals` lies outside `holes`, which are sorted and disjoint. */
function subtract(intervals: readonly Interval[], holes: readonly Interval[]): Interval[] {
  return intervals.flatMap((interval) => {
    const rest: Interval[] = [];
    let from = interval.start;
    for (const hole of holes) {
      if (hole.end <= from) continue;
      if (hole.start >= interval.end) break;
      if (hole.start > from) rest.push({ start: from, end: hole.start });
      from = Math.max(from, hole.end);
    }
    if (from < interval.end) rest.push({ start: from, end: interval.end });
    return rest;
  });
}

function total(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { start, end }) => sum + end - start, 0);
}
