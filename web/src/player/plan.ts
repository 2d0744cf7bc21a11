import type { MediaEntry } from '../../../src/segment.js';
import { JOIN_MS, type KnownEntry } from '../timeline/model.js';

/** Which file to play, and from where. No DOM here: unit-tested. Times are UTC milliseconds. */

export type Clip = MediaEntry & {
  local?: boolean;
  uploaded?: boolean;
  /** The storage class it has to be thawed from before it can be played. */
  frozen?: string;
};

export interface Target {
  clip: Clip;
  /** UTC milliseconds within the clip. */
  time: number;
  /** What was passed over because there is no footage in it. */
  skipped?: { from: number; to: number };
}

/** The entries that are files with moving pictures, by start time, each once. */
export function clipsOf(entries: Iterable<KnownEntry>): Clip[] {
  const byKey = new Map<string, Clip>();
  for (const entry of entries) if (entry.type === 'segment') byKey.set(entry.key, entry);
  return [...byKey.values()].sort((a, b) => a.start - b.start || a.end - b.end);
}

/**
 * Without the clips that cannot be played and for which another file of the same time can, such as the sub stream recorded beside
 * an H.265 main stream.
 */
export function playable(clips: readonly Clip[], canPlay: (clip: Clip) => boolean): Clip[] {
  const good = clips.filter(canPlay);
  if (good.length === clips.length) return good;
  const isCovered = (clip: Clip) =>
    good.some((one) => one.start <= clip.start + JOIN_MS && one.end >= clip.end - JOIN_MS);
  return clips.filter((clip) => good.includes(clip) || !isCovered(clip));
}

/** The clip that shows `time`: the one that began last, because after a restart that is the one that goes on. */
function clipAt(clips: readonly Clip[], time: number): Clip | undefined {
  return clips.findLast((clip) => clip.start <= time && time < clip.end);
}

/**
 * Where to go for `time`. In a gap: the next footage; going back from `from`, as far into the footage before the gap as
 * was left of the step, so that ten seconds back are ten seconds of pictures; before all footage: its beginning. Undefined when
 * there is nothing that way.
 */
export function seekTarget(clips: readonly Clip[], time: number, backFrom?: number): Target | undefined {
  const clip = clipAt(clips, time);
  if (clip) return { clip, time };
  if (backFrom === undefined) {
    const next = clips.find((one) => one.start > time);
    return next && passing(next, next.start, time, next.start);
  }
  const before = lastEnding(clips, time);
  const first = clips[0];
  if (!before) return first && first.start <= backFrom ? { clip: first, time: first.start } : undefined;
  const resume = clips.find((one) => one.start > time && one.start <= backFrom)?.start ?? backFrom;
  return passing(before, Math.max(before.start, before.end - Math.max(resume - time, 1)), before.end, resume);
}

/** What follows `clip`: the footage that shows the moment it ends, or the first after that. */
export function nextTarget(clips: readonly Clip[], clip: Clip): Target | undefined {
  const later = clips.filter((one) => one.end > clip.end + JOIN_MS / 2 && one.key !== clip.key);
  const covering = later.findLast((one) => one.start <= clip.end);
  if (covering) return { clip: covering, time: clip.end };
  const next = later.find((one) => one.start > clip.end);
  return next && passing(next, next.start, clip.end, next.start);
}

function lastEnding(clips: readonly Clip[], time: number): Clip | undefined {
  let best: Clip | undefined;
  for (const clip of clips) if (clip.end <= time && (!best || clip.end > best.end)) best = clip;
  return best;
}

function passing(clip: Clip, time: number, from: number, to: number): Target {
  return to - from > JOIN_MS ? { clip, time, skipped: { from, to } } : { clip, time };
}
