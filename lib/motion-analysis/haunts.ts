import type { Region } from './regions.js';

/** Edges are inclusive. */
export type Box = Pick<Region, 'left' | 'top' | 'right' | 'bottom'>;

/** A line of text is no higher and no wider, as shares of the picture's. */
const MOST_HEIGHT = 0.15;
const MOST_WIDTH = 0.45;

/** What has kept to one place for two such times keeps to it. */
const WINDOW_MS = 4_000;

/** In each of them it must have changed in so many looks: what was put down and stands still haunts nothing. */
const LEAST_CHANGES = 2;

/** Of both times' boxes together, what they have in common is at least so much: what creeps has less. */
const SAME_PLACE = 0.6;

/** Text is no higher than this, and its other digits, hours first, are no further than so many of its heights to either side. */
const MOST_TEXT_HEIGHT = 0.1;
const IN_LINE = 5;

/** Its edges waver by so much, pixels. */
const MARGIN = 1;

/** Where nothing has changed for so long, what changes is news again. */
const FORGET_MS = 10 * 60_000;

/** Where something was during a time, and in how many looks it changed. */
interface Stay {
  box: Box;
  sinceMs: number;
  changes: number;
}

/** How long something has kept to its place. */
export class Dwelling {
  #before: Stay | undefined;
  #now: Stay;

  constructor(region: Region, ms: number) {
    this.#now = { box: region, sinceMs: ms, changes: 0 };
  }

  /** The box it has kept to while it changed all the time, each time that this has turned out. */
  stay(region: Region, changes: boolean, ms: number): Box | undefined {
    const now = this.#now;
    now.box = union(now.box, region);
    if (changes) now.changes++;
    if (ms - now.sinceMs < WINDOW_MS) return undefined;
    const before = this.#before;
    this.#before = now;
    this.#now = { box: region, sinceMs: ms, changes: 0 };
    if (!before || Math.min(before.changes, now.changes) < LEAST_CHANGES) return undefined;
    const both = union(before.box, now.box);
    const [then, since] = [grown(before.box), grown(now.box)];
    return common(then, since) >= SAME_PLACE * area(union(then, since)) ? both : undefined;
  }
}

/** Places in which something changes again and again and never leaves: the clock that a camera writes into its picture. */
export class Haunts {
  readonly #mostWidth: number;
  readonly #mostHeight: number;
  readonly #mostTextHeight: number;
  #haunts: { box: Box; seenMs: number }[] = [];

  constructor(width: number, height: number) {
    this.#mostWidth = width * MOST_WIDTH;
    this.#mostHeight = height * MOST_HEIGHT;
    this.#mostTextHeight = height * MOST_TEXT_HEIGHT;
  }

  /** Learns of a place. Larger ones are none: somebody who stands and waves. */
  add(box: Box, ms: number): void {
    if (box.right - box.left >= this.#mostWidth || box.bottom - box.top >= this.#mostHeight) return;
    this.#haunts = this.#haunts.filter((one) => !isWithin(one.box, box));
    this.#haunts.push({ box, seenMs: ms });
  }

  /** Whether all of a region lies in such a place, or in line with it. What is higher, as somebody who walks behind it, never does. */
  cover(region: Box, ms: number): boolean {
    this.#haunts = this.#haunts.filter(({ seenMs }) => ms - seenMs < FORGET_MS);
    const haunt = this.#haunts.find(({ box }) => isWithin(region, this.#lineOf(box)));
    if (haunt) haunt.seenMs = ms;
    return haunt !== undefined;
  }

  /** With the digits to both sides that change rarely. */
  #lineOf(box: Box): Box {
    const rows = box.bottom - box.top + 1;
    const reach = rows <= this.#mostTextHeight ? IN_LINE * rows : 0;
    return { ...box, left: box.left - reach, right: box.right + reach };
  }
}

function isWithin(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left - MARGIN &&
    inner.right <= outer.right + MARGIN &&
    inner.top >= outer.top - MARGIN &&
    inner.bottom <= outer.bottom + MARGIN
  );
}

/** By what a few pixels more or less make of something small. */
function grown({ left, top, right, bottom }: Box): Box {
  return { left: left - 2, top: top - 2, right: right + 2, bottom: bottom + 2 };
}

function union(one: Box, other: Box): Box {
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}

function common(one: Box, other: Box): number {
  const width = Math.min(one.right, other.right) - Math.max(one.left, other.left) + 1;
  const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) + 1;
  return Math.max(0, width) * Math.max(0, height);
}

function area({ left, top, right, bottom }: Box): number {
  return (right - left + 1) * (bottom - top + 1);
}
