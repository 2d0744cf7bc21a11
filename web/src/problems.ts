import { signal } from '@preact/signals';
import type { CheckReply } from '../../src/browse/api.js';
import { ApiError, getCheck } from './api.js';

/** What is wrong with a file, in words for the person who sees the page. */
export type Problem = NonNullable<CheckReply['problem']>;

/** Files there is nothing to save of. */
const NOT_THERE = new Set(['unknown-key', 'frozen', 'empty']);

const known = signal<ReadonlyMap<string, Problem>>(new Map());

/** What was learnt to be wrong with a file while this page is open. */
export function problemOf(key: string | undefined): Problem | undefined {
  return key === undefined ? undefined : known.value.get(key);
}

export function canSave(problem: Pick<Problem, 'code'> | undefined): boolean {
  return problem === undefined || !NOT_THERE.has(problem.code);
}

/** Asks what is wrong with a file; undefined where nothing is seen. Rejects where nobody can tell at present. */
export async function learnProblem(key: string, abort: AbortSignal): Promise<Problem | undefined> {
  const problem = await check(key, abort);
  const before = known.peek();
  if (problem) known.value = new Map(before).set(key, problem);
  else if (before.has(key)) known.value = new Map([...before].filter(([one]) => one !== key));
  return problem;
}

async function check(key: string, abort: AbortSignal): Promise<Problem | undefined> {
  try {
    return (await getCheck(key, abort)).problem;
  } catch (error) {
    // No index lists it any more: somebody erased it while the page was open.
    if (error instanceof ApiError && error.code === 'unknown-key') return { code: error.code, message: error.message };
    throw error;
  }
}
