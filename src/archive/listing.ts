import { dayOf, type Entry, indexKey, isMedia } from '../segment.js';
import { serialiseShard } from './shard.js';

/**
 * Which days list an entry. Each UTC day tells its own story, so that one listing of one folder is all of a camera's day:
 * a file that runs past midnight is listed in every day it touches, unchanged; time without footage is cut at midnight;
 * that the clock was set is listed where it happened, by the old clock and by the new.
 */

const DAY = 86_400_000;
const HOUR = 3_600_000;

/**
 * An entry is listed on its first day and on at most this many more, its last ones. Only a clock that was decades off
 * makes longer entries, and those may not cost a shard for every day since 1970.
 */
const MOST_FURTHER_DAYS = 400;

interface Listing {
  /** The start of the hour whose shard lists it, UTC milliseconds. */
  hour: number;
  entry: Entry;
}

export function listings(entry: Entry): Listing[] {
  if (entry.type === 'clock') {
    // What is in between is nothing to tell of, and may be decades.
    const hours = new Set([entry.start, entry.end].map((time) => Math.floor(time / HOUR) * HOUR));
    return [...hours].map((hour) => ({ hour, entry }));
  }
  const starts = [entry.start, ...midnights(entry)];
  return starts.map((start, index) => {
    const hour = Math.floor(start / HOUR) * HOUR;
    return { hour, entry: isMedia(entry) ? entry : { ...entry, start, end: starts[index + 1] ?? entry.end } };
  });
}

function midnights({ start, end }: Entry): number[] {
  const last = Math.floor((end - 1) / DAY);
  const first = Math.max(Math.floor(start / DAY) + 1, last - MOST_FURTHER_DAYS + 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * DAY);
}

/** Where a camera's chain stands: the number and hash of its last entry, and the number of its last shard. */
export interface ChainState {
  n: number;
  prev: string;
  shard: number;
}

/** A shard, and what the daily signature will say of it. */
export interface IndexShard {
  key: string;
  text: string;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  number: number;
  /** Running numbers of its first and last entry. */
  first: number;
  last: number;
  /** Hex SHA-256 of its last line. */
  head: string;
}

/** The shards that list `entries`, one for each hour, oldest first, and where the chain stands after them. */
export function buildShards(site: string, camera: string, entries: readonly Entry[], from: ChainState) {
  const hours = new Map<number, Entry[]>();
  const listed = entries.flatMap(listings).sort((a, b) => a.hour - b.hour || a.entry.start - b.entry.start);
  for (const { hour, entry } of listed) hours.set(hour, [...(hours.get(hour) ?? []), entry]);
  let chain = from;
  const shards: IndexShard[] = [];
  for (const [hour, inHour] of hours) {
    const number = chain.shard + 1;
    const written = serialiseShard(inHour, chain);
    shards.push({ key: indexKey(site, camera, hour, number), day: dayOf(hour), number, ...written });
    chain = { n: written.last, prev: written.head, shard: number };
  }
  return { shards, chain };
}
