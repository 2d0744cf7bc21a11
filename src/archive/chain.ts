import { createHash } from 'node:crypto';
import { entryHash } from './erase/tombstone.js';

/**
 * The hash chain of one camera's index: every line carries its running number `n`, from 1, and in `prev` the SHA-256 of
 * the line before. Whoever removes or changes a line contradicts the one after it; whoever rewrites all that follows
 * contradicts the daily signature.
 */

/** The `prev` of the first entry. */
export const CHAIN_START = '0'.repeat(64);

/** Hex SHA-256 of a line's exact UTF-8 bytes, without its newline. */
export function lineHash(line: string): string {
  return createHash('sha256').update(line, 'utf8').digest('hex');
}

export interface ChainLine {
  shard: string;
  /** From 1. */
  line: number;
  text: string;
}

export interface ChainProblem {
  kind: 'removed' | 'changed' | 'reordered' | 'inserted';
  /** Running numbers of the entries concerned; of an inserted line the number it claims, or 0 when it claims none. */
  from: number;
  to: number;
  /** The entry whose only witness this problem took away: it may be whole, but the chain no longer proves it. */
  unproven?: number;
  /** Where the line stands; absent when it is gone. */
  shard?: string;
  line?: number;
  message: string;
}

export interface ChainBounds {
  /** The number the lines should begin with. Left out, they may begin anywhere: older days may have expired. */
  first?: number;
  /** What a signature says of the last entry. Left out, nothing proves the last line, nor that it is the last. */
  head?: { n: number; hash: string };
}

interface Link extends ChainLine {
  /** Undefined when the line does not say. */
  n: number | undefined;
  prev: string | undefined;
  hash: string;
}

/**
 * Names what was done to `lines`, given in the order of their shards. An empty list means that each line up to the last
 * is what was written, and with `bounds.head` the last one too.
 */
export function verifyChain(lines: readonly ChainLine[], bounds: ChainBounds = {}): ChainProblem[] {
  const links = lines.map(read);
  const { slots, problems } = arrange(links, bounds);
  problems.push(...walk(slots, bounds));
  return problems.sort((a, b) => a.from - b.from || a.to - b.to);
}

function read(line: ChainLine): Link {
  return { ...line, ...numberAndPrev(line.text), hash: entryHash(line.text) };
}

function numberAndPrev(text: string): { n: number | undefined; prev: string | undefined } {
  // Even a line that is no longer JSON may still say which line came before it.
  const prev = /"prev":"([0-9a-f]{64})"/.exec(text)?.[1];
  try {
    const value: unknown = JSON.parse(text);
    const n = typeof value === 'object' && value !== null && 'n' in value ? value.n : undefined;
    return { n: Number.isSafeInteger(n) && (n as number) > 0 ? (n as number) : undefined, prev };
  } catch {
    // Not JSON: the line has no number, and its place tells which entry it was.
    return { n: undefined, prev };
  }
}

/** Gives each entry number the one line that holds it, and names the lines that stand in the wrong place. */
function arrange(links: readonly Link[], bounds: ChainBounds) {
  const attested = new Set(links.map((link) => `${(link.n ?? 0) - 1}:${link.prev}`));
  if (bounds.head) attested.add(`${bounds.head.n}:${bounds.head.hash}`);
  const written = new Set(links.map((link) => `${link.n}:${link.hash}`));
  const isAttested = (link: Link) => attested.has(`${link.n}:${link.hash}`);

  const backbone = longestRising(onePerNumber(links, isAttested));
  const slots = new Map(backbone.map((link) => [link.n!, link]));
  const inPlace = new Set(backbone);
  const problems: ChainProblem[] = [];
  let before: number | undefined;
  for (const link of links) {
    if (inPlace.has(link)) {
      before = link.n;
      continue;
    }
    const expected = before === undefined ? Math.max(1, (backbone[0]?.n ?? 2) - 1) : before + 1;
    const genuine = isAttested(link) || written.has(`${(link.n ?? 0) - 1}:${link.prev}`);
    if (link.n !== undefined && genuine && !slots.has(link.n)) {
      slots.set(link.n, link);
      problems.push(problem('reordered', link.n, link, `entry ${link.n} does not stand where it was written`));
    } else if (!slots.has(expected) && expected <= (bounds.head?.n ?? expected)) {
      // A line of the right place with a wrong number: the walk finds that its bytes are not those written.
      slots.set(expected, link);
      before = expected;
    } else {
      problems.push(problem('inserted', link.n ?? 0, link, 'this line is no part of the chain'));
    }
  }
  return { slots, problems };
}

/** Of several lines with one number, the one the next entry vouches for, or else the first. */
function onePerNumber(links: readonly Link[], isAttested: (link: Link) => boolean): Link[] {
  const chosen = new Map<number, Link>();
  for (const link of links) {
    if (link.n === undefined) continue;
    const other = chosen.get(link.n);
    if (!other || (isAttested(link) && !isAttested(other))) chosen.set(link.n, link);
  }
  return links.filter((link) => link.n !== undefined && chosen.get(link.n) === link);
}

/** The longest subsequence whose numbers rise: what is left of it had to be moved. Patience sorting, O(n log n). */
function longestRising(links: readonly Link[]): Link[] {
  const tails: { link: Link; before: number }[] = [];
  const nodes: { link: Link; before: number }[] = [];
  const tailIndex: number[] = [];
  for (const link of links) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tails[middle]!.link.n! < link.n!) low = middle + 1;
      else high = middle;
    }
    const node = { link, before: low > 0 ? tailIndex[low - 1]! : -1 };
    nodes.push(node);
    tails[low] = node;
    tailIndex[low] = nodes.length - 1;
  }
  const rising: Link[] = [];
  for (let at = tailIndex.at(-1) ?? -1; at >= 0; at = nodes[at]!.before) rising.push(nodes[at]!.link);
  return rising.reverse();
}

/** From the last entry back to the first, because each is vouched for by the one after it. */
function walk(slots: ReadonlyMap<number, Link>, { first, head }: ChainBounds): ChainProblem[] {
  const numbers = [...slots.keys()].sort((a, b) => b - a);
  const top = head?.n ?? numbers[0] ?? 0;
  const problems: ChainProblem[] = [];
  let vouched = head?.hash;
  let above = top + 1;
  for (const n of numbers) {
    const link = slots.get(n)!;
    if (n > top) {
      problems.push(problem('inserted', n, link, `entry ${n} comes after the last one, ${top}`));
      continue;
    }
    if (n < above - 1) {
      problems.push(removed(n + 1, above - 1, n));
      vouched = undefined;
    }
    const isWritten = isPlausible(link, n) && (vouched === undefined || link.hash === vouched);
    if (!isWritten) problems.push(changed(n, link, slots.get(n - 1)));
    // A changed line may have kept its `prev`; where it has not, it says nothing of the line before.
    vouched = isWritten || slots.get(n - 1)?.hash === link.prev ? link.prev : undefined;
    above = n;
  }
  const bottom = first ?? Math.min(above, top + 1);
  if (above > bottom) problems.push(removed(bottom, above - 1));
  return problems;
}

/** What can be asked of any line, even if nobody vouches for it: the number of its place, and of the first to be first. */
function isPlausible(link: Link, n: number): boolean {
  return link.n === n && (n > 1 || link.prev === CHAIN_START);
}

function removed(from: number, to: number, unproven?: number): ChainProblem {
  const what = from === to ? `entry ${from} is missing` : `entries ${from} to ${to} are missing`;
  return { kind: 'removed', from, to, ...(unproven ? { unproven } : {}), message: what };
}

function changed(n: number, link: Link, before: Link | undefined): ChainProblem {
  const result = problem('changed', n, link, `entry ${n} is not the line that was written`);
  return before && link.prev !== before.hash ? { ...result, unproven: n - 1 } : result;
}

function problem(kind: ChainProblem['kind'], n: number, at: ChainLine, message: string): ChainProblem {
  return { kind, from: n, to: n, shard: at.shard, line: at.line, message: `${at.shard}:${at.line}: ${message}` };
}
