import { CHAIN_START, type ChainLine } from '../chain.js';
import { entryHash } from '../erase/tombstone.js';
import type { Beginning, Finding } from './findings.js';
import type { DayShard } from './verify-day.js';

interface Link {
  number: number;
  key: string;
  /** Running number and `prev` of its first line, running number and hash of its last; undefined where a line does not say. */
  first: number | undefined;
  prev: string | undefined;
  last: number | undefined;
  head: string;
}

/**
 * Follows a camera's chain from shard to shard, whatever days they belong to. `verifyDay` looks within a day; a whole day that was
 * taken out only shows here. A few hundred bytes for each shard are kept, never its lines.
 */
export class ChainLinks {
  readonly #links: Link[] = [];

  add({ number, key, text }: DayShard): void {
    const lines = text.split('\n').filter((line) => line !== '');
    const [first, last] = [lines[0] ?? '', lines.at(-1) ?? ''];
    this.#links.push({
      number,
      key,
      first: numberOf(first),
      prev: prevOf(first),
      last: numberOf(last),
      head: entryHash(last),
    });
  }

  /**
   * Where a chain begins anew after another: a recorder lost its ledger, or `index rebuild` wrote it (archive-format.md §4). No
   * difference, but to be told: how far the chain before it went, only signatures prove.
   */
  beginnings(where: string, camera: string): Beginning[] {
    return this.#pairs().flatMap(({ before, link }) =>
      isBeginning(before, link) ? [{ where, camera, key: link.key, after: before.key }] : [],
    );
  }

  /** `whole`: all days were looked at, so that every hole is one. `pending` are on their way. Older days may have expired; nothing is said of what came before the first. */
  findings(where: string, camera: string, whole: boolean, pending: ReadonlySet<number> = new Set()): Finding[] {
    return this.#pairs().flatMap(({ before, link }): Finding[] => {
      const found = { where, camera, key: link.key };
      if (isBeginning(before, link)) return [];
      if (link.number !== before.number + 1) {
        const lacking = whole ? missingBetween(before, link, pending) : undefined;
        return lacking ? [{ kind: 'missing', ...found, message: `${camera}: ${lacking}` }] : [];
      }
      if (link.first === undefined || before.last === undefined) return [];
      if (link.first === before.last + 1 && link.prev === before.head) return [];
      return [{ kind: 'altered', ...found, message: `${link.key} does not continue ${before.key}` }];
    });
  }

  #pairs(): { before: Link; link: Link }[] {
    const links = this.#links.sort((a, b) => a.number - b.number);
    return links.slice(1).map((link, at) => ({ before: links[at]!, link }));
  }
}

/** As a writer does that lost its state: entry 1, nothing before it, and a number no chain before could have come to. */
function isBeginning(before: Link, { number, first, prev }: Link): boolean {
  return first === 1 && prev === CHAIN_START && number !== before.number + 1;
}

/** What is not there between two shards that follow each other; undefined where all of it is on its way. */
function missingBetween(before: Link, link: Link, pending: ReadonlySet<number>): string | undefined {
  const to = link.number - 1;
  const lowest = lowestOfChain(link.number, link.first ?? Number.MAX_SAFE_INTEGER);
  const from = Math.min(to, Math.max(before.number + 1, lowest));
  let isPending = true;
  for (let number = from; isPending && number <= to; number++) isPending = pending.has(number);
  if (isPending) return undefined;
  // The shard before is of another chain, and this one's beginning is gone.
  if (from > before.number + 1) return `the beginning of the chain that ${link.key} continues is missing`;
  const which = from === to ? `shard ${from} of the index is` : `shards ${from} to ${to} of the index are`;
  return `${which} missing, before ${link.key}`;
}

/**
 * Below this number no shard is of the chain of shard `number`, whose first entry is `first`: within a chain numbers have no holes,
 * and each shard holds an entry at least.
 */
export function lowestOfChain(number: number, first: number): number {
  return number - first + 1;
}

function numberOf(line: ChainLine['text']): number | undefined {
  const [, n] = /^\{"n":(\d+),/.exec(line) ?? [];
  return n === undefined ? undefined : Number(n);
}

function prevOf(line: ChainLine['text']): string | undefined {
  return /"prev":"([0-9a-f]{64})"/.exec(line)?.[1];
}
