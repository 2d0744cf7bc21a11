import { createHash } from 'node:crypto';

/**
 * What stands in the index in place of an erased entry: its number, its links in the chain, and when it was; nothing of what was seen.
 * `hash` is that of the line that stood there, so that the chain and the signatures of days stay whole (docs/archive-format.md §8).
 */
export function tombstone(line: string): string {
  const { n, prev, camera, start, end } = JSON.parse(line) as Record<string, unknown>;
  return JSON.stringify({ n, prev, type: 'erased', camera, start, end, hash: entryHash(line) });
}

const ERASED = /^\{"n":(?<n>\d+),"prev":"[0-9a-f]{64}","type":"erased",.*"hash":"(?<hash>[0-9a-f]{64})"\}$/;

/** The hash of the entry a line stands for: its own, or that of the line it replaced. */
export function entryHash(line: string): string {
  return erasedIn(line)?.hash ?? createHash('sha256').update(line, 'utf8').digest('hex');
}

/** What a tombstone says; undefined for any other line. */
export function erasedIn(line: string): { n: number; hash: string } | undefined {
  const groups = ERASED.exec(line)?.groups;
  return groups && { n: Number(groups.n), hash: groups.hash! };
}
