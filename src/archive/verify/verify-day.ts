import { type ChainProblem, verifyChain } from '../chain.js';
import { shardLines } from '../shard.js';
import type { DayStatement } from '../signature.js';
import { lowestOfChain } from './chain-links.js';

export interface DayShard {
  key: string;
  number: number;
  text: string;
}

/**
 * Names what was done to one camera's day. With statements (checked signatures, one for each chain that wrote the day) each shard is
 * held against its own, so that a removed shard or a rewritten chain shows too; shards of no statement are only held against each
 * other. Costs nothing but the day's own shards.
 */
export function verifyDay(shards: readonly DayShard[], ...statements: DayStatement[]): ChainProblem[] {
  const sorted = [...shards].sort((a, b) => a.number - b.number);
  const byNumber = new Map(sorted.map((shard) => [shard.number, shard]));
  const stated = statements.flatMap((statement) => statement.shards);
  const problems: ChainProblem[] = [];
  for (const { number, first, last, head } of stated) {
    const shard = byNumber.get(number);
    const bounds = { first, head: { n: last, hash: head } };
    if (shard) problems.push(...verifyChain(shardLines(shard.key, shard.text), bounds));
    else problems.push({ kind: 'removed', from: first, to: last, message: `shard ${number} is missing` });
  }
  const statedNumbers = new Set(stated.map((shard) => shard.number));
  const spans = statements.map((statement) => ({
    from: lowestOf(statement),
    to: statement.shards.at(-1)?.number ?? 0,
  }));
  const isCovered = ({ number }: DayShard) => spans.some(({ from, to }) => number >= from && number <= to);
  const unstated = sorted.filter((shard) => !statedNumbers.has(shard.number));
  problems.push(...unstated.filter(isCovered).map(foreign));
  for (const run of consecutive(unstated.filter((shard) => !isCovered(shard)))) {
    problems.push(...verifyChain(run.flatMap((shard) => shardLines(shard.key, shard.text))));
  }
  return problems;
}

/** Shards with a lower number than this are of an earlier chain than the one a statement is of, and it cannot know them. */
export function lowestOf({ shards }: DayStatement): number {
  return Math.max(0, ...shards.map(({ number, first }) => lowestOfChain(number, first)));
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
