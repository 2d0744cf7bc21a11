import type { LocatedEntry } from '../../../src/archive-source.js';
import { BACKFILLED, type GapCause, type MotionSpan, type OffReason } from '../../../src/segment.js';

/** What the bars show, and how pixels and times relate. No DOM here: unit-tested. All times are UTC milliseconds. */

/** An interval of time: what a bar shows, or the day it lies in. */
export interface View {
  from: number;
  to: number;
}

interface Interval {
  start: number;
  end: number;
}

export const MIN_VIEW_MS = 2 * 60_000;

/** Files of one recording follow each other within this; anything longer is a hole somebody should see. */
export const JOIN_MS = 1000;

export const xOf = (view: View, width: number, time: number) => ((time - view.from) / (view.to - view.from)) * width;

export const timeAt = (view: View, width: number, x: number) => view.from + (x / width) * (view.to - view.from);

/** `view` moved and shrunk until it lies within `bounds` and shows at least {@link MIN_VIEW_MS}. */
export function clampView(view: View, bounds: View): View {
  const length = Math.min(Math.max(view.to - view.from, MIN_VIEW_MS), bounds.to - bounds.from);
  const from = Math.min(Math.max(view.from, bounds.from), bounds.to - length);
  return { from, to: from + length };
}

/** `factor` 2 shows half as much. `at` stays where it is on the screen as far as the bounds allow. */
export function zoom(view: View, bounds: View, factor: number, at: number): View {
  const whole = bounds.to - bounds.from;
  const length = Math.min(Math.max((view.to - view.from) / factor, MIN_VIEW_MS), whole);
  const share = (at - view.from) / (view.to - view.from);
  const from = at - share * length;
  return clampView({ from, to: from + length }, bounds);
}

const YOUNG_VIEW_MS = 5 * 60_000;

/**
 * What a day shows first: all of it, unless its footage is so short that it would be a hair's breadth. Then three times
 * the footage, so that a recorder started a minute ago has something to show.
 */
export function firstView(spans: readonly Interval[], bounds: View): View {
  if (spans.length === 0) return bounds;
  const start = Math.max(bounds.from, Math.min(...spans.map((span) => span.start)));
  const end = Math.min(bounds.to, Math.max(...spans.map((span) => span.end)));
  const length = Math.max(YOUNG_VIEW_MS, (end - start) * 3);
  if (length > (bounds.to - bounds.from) / 2) return bounds;
  return clampView({ from: start - length * 0.1, to: start + length * 0.9 }, bounds);
}

export function pan(view: View, bounds: View, ms: number): View {
  return clampView({ from: view.from + ms, to: view.to + ms }, bounds);
}

/** The view itself while `time` is inside it; else turned like a page, so that what comes next is in sight. */
export function follow(view: View, bounds: View, time: number): View {
  if (time >= view.from && time <= view.to) return view;
  const length = view.to - view.from;
  const from = time - length * 0.1;
  return clampView({ from, to: from + length }, bounds);
}

/** An entry, and the storage class its file has to be thawed from before it can be played. */
export type KnownEntry = LocatedEntry & { frozen?: string };

/** `open`: being recorded into a file that is not finished yet; `off`: nothing was to be recorded. */
export type SpanKind = 'uploaded' | 'waiting' | 'frozen' | 'open' | 'gap' | 'off';

export interface Span {
  kind: SpanKind;
  start: number;
  end: number;
  cause?: GapCause;
  detail?: string;
  reason?: OffReason;
  /** Fetched afterwards, from the camera's own recordings. */
  backfilled?: true;
}

/** What to draw: neighbours that look the same become one span, so that a day of ten-second files is a handful. */
export function spansOf(entries: readonly KnownEntry[]): Span[] {
  const spans: Span[] = [];
  const latest = new Map<string, Span>();
  const intervals = entries.filter((entry) => entry.type !== 'snapshot').sort((a, b) => a.start - b.start);
  for (const entry of intervals) {
    const span = spanOf(entry);
    const look = `${span.kind} ${span.cause ?? span.reason} ${span.detail} ${span.backfilled}`;
    const before = latest.get(look);
    if (before && span.start - before.end <= JOIN_MS) {
      before.end = Math.max(before.end, span.end);
      continue;
    }
    latest.set(look, span);
    spans.push(span);
  }
  return spans;
}

function spanOf(entry: KnownEntry): Span {
  const { start, end } = entry;
  if (entry.type === 'gap') return { kind: 'gap', start, end, cause: entry.cause, detail: entry.detail };
  if (entry.type === 'off') return { kind: 'off', start, end, reason: entry.reason };
  const marked = entry.type === 'segment' && entry.source === BACKFILLED ? ({ backfilled: true } as const) : {};
  if (entry.frozen) return { kind: 'frozen', start, end, detail: entry.frozen, ...marked };
  return { kind: entry.uploaded ? 'uploaded' : 'waiting', start, end, ...marked };
}

export const isFootage = ({ kind }: Pick<Span, 'kind'>) => kind !== 'gap' && kind !== 'off';

/** What moved, by start: spans that touch, as where one file ends and the next begins, are one event with the best score. */
export function motionsOf(entries: readonly KnownEntry[]): MotionSpan[] {
  const events: MotionSpan[] = [];
  const spans = entries.flatMap((entry) => (entry.type === 'segment' ? (entry.motion ?? []) : []));
  for (const span of spans.sort((a, b) => a.start - b.start)) {
    const last = events.at(-1);
    if (!last || span.start - last.end > JOIN_MS) {
      events.push({ ...span });
      continue;
    }
    last.end = Math.max(last.end, span.end);
    if (span.score !== undefined) last.score = Math.max(last.score ?? 0, span.score);
    last.kind = last.kind === 'motion' ? (span.kind ?? last.kind) : (last.kind ?? span.kind);
  }
  return events;
}

/** The event to go to from `time`: the next that begins, or the last that began before the one under way. */
export function motionBeside(events: readonly MotionSpan[], time: number, by: 1 | -1): MotionSpan | undefined {
  // A picture is shown at its keyframe or frame, a little beside the very start.
  if (by > 0) return events.find((event) => event.start > time + JOIN_MS);
  return events.findLast((event) => event.start < time - JOIN_MS * 2);
}

/**
 * The file being written now is in no list yet. Frames newer than the last entry prove that it exists; how far it
 * reaches is known to the latest frame and no further.
 */
export function openSpan(spans: readonly Span[], lastFrame: number | undefined): Span | undefined {
  if (lastFrame === undefined || spans.length === 0) return undefined;
  const start = Math.max(...spans.map((span) => span.end));
  return lastFrame - start > 0 ? { kind: 'open', start, end: lastFrame } : undefined;
}

/** What is known about one moment. `future` and `nothing` are what no span covers. */
export type Moment = Span | { kind: 'future' | 'nothing' };

/** Footage wins over a gap that overlaps it: what can be played was not lost. */
export function momentAt(spans: readonly Span[], time: number, now: number): Moment {
  const hits = spans.filter((span) => time >= span.start && time < span.end);
  return hits.find(isFootage) ?? hits[0] ?? { kind: time > now ? 'future' : 'nothing' };
}

const STEPS_MS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600].map((s) => s * 1000);

/** The finest distance between labelled ticks that leaves each `labelPx` of room. */
export function tickStep(view: View, width: number, labelPx: number): number {
  const atLeast = ((view.to - view.from) / Math.max(width, 1)) * labelPx;
  return STEPS_MS.find((step) => step >= atLeast) ?? STEPS_MS.at(-1)!;
}
