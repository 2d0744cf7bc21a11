import { type ChainProblem, verifyChain } from './chain.js';
import { shardLines } from './shard.js';
import type { DayStatement } from './signature.js';

export interface DayShard {
  key: string;
  number: number;
  text: string;
}

/**
 * Names what was done to one camera's day. With a statement (a checked signature) each shard is held against it, so that a
 * removed shard or a rewritten chain shows too; shards later than the statement, or all without one, are only held
 * against each other. Costs nothing but the day's own shards.
 */
export function verifyDay(shards: readonly DayShard[], statement?: DayStatement): ChainProblem[] {
  const sorted = [...shards].sort((a, b) => a.number - b.number);
  const byNumber = new Map(sorted.map((shard) => [shard.number, shard]));
  const stated = statement?.shards ?? [];
  const problems: ChainProblem[] = [];
  for (const { number, first, last, head } of stated) {
    const shard = byNumber.get(number);
    const bounds = { first, head: { n: last, hash: head } };
    if (shard) problems.push(...verifyChain(shardLines(shard.key, shard.text), bounds));
    else problems.push({ kind: 'removed', from: first, to: last, message: `shard ${number} is missing` });
  }
  const statedNumbers = new Set(stated.map((shard) => shard.number));
  const signedUpTo = stated.at(-1)?.number ?? 0;
  for (const shard of sorted) {
    if (shard.number < signedUpTo && !statedNumbers.has(shard.number)) problems.push(foreign(shard));
  }
  const later = sorted.filter((shard) => shard.number > signedUpTo);
  for (const run of consecutive(later)) {
    problems.push(...verifyChain(run.flatMap((shard) => shardLines(shard.key, shard.text))));
  }
  return problems;
}

function foreign({ key, number }: DayShard): ChainProblem {
  return { kind: 'inserted', from: 0, to: 0, shard: key, message: `${key}: the signature knows no shard ${number}` };
}

/** Numbers in between may belong to other days: a chain can only be followed from shard to next shard. */
function consecutive(shards: readonly DayShard[]): DayShard[][] {
  const runs: DayShard[][] = [];
  for (const shard of shards) {
    const run = runs.at(-1);
    if (run?.at(-1)?.number === shard.number - 1) run!.push(shard);
    else runs.push([shard]);
  }
  return runs;
}
