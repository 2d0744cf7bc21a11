import { readdir, readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.js';

/** What a process and all below it use. */
export interface Usage {
  /** Since each began, user and system, with all descendants that have ended and been waited for. */
  cpuSeconds: number;
  /** Resident memory; pages shared by several processes count in each. */
  rssBytes: number;
  /** Resident memory; shared pages are split among those who share them. */
  pssBytes: number;
  processes: number;
}

/** Linux counts time for user space in hundredths of a second on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

const ATTEMPTS = 20;

interface Stat {
  pid: number;
  parent: number;
  /** Own time, and that of children waited for; ticks. */
  ticks: number;
  /** Changes whenever a child ended and was waited for. */
  childTicks: number;
}

/**
 * Reads a process tree from /proc. A child that ends moves its time into its parent's (`cutime`), so the sum over those
 * alive never loses any, as long as parents wait for their children. Rejects with an Error when `root` is gone.
 */
export async function usageOf(root: number): Promise<Usage> {
  const tree = await stableTree(root);
  const memory = await Promise.all(tree.map(({ pid }) => memoryOf(pid)));
  return {
    cpuSeconds: tree.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND,
    rssBytes: memory.reduce((sum, { rss }) => sum + rss, 0),
    pssBytes: memory.reduce((sum, { pss }) => sum + pss, 0),
    processes: tree.length,
  };
}

/** Read twice alike: a child ending in between would be counted in itself and in its parent, or in neither. */
async function stableTree(root: number): Promise<Stat[]> {
  let before: Stat[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const tree = await treeOf(root);
    if (attempt > 0 && sameFamily(before, tree)) return tree;
    before = tree;
  }
  throw new Error(`The process tree of ${root} changes too quickly to be read`);
}

function sameFamily(one: readonly Stat[], other: readonly Stat[]): boolean {
  const family = (tree: readonly Stat[]) => tree.map(({ pid, childTicks }) => `${pid}:${childTicks}`).join();
  return family(one) === family(other);
}

async function treeOf(root: number): Promise<Stat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = (await Promise.all(pids.map(statOf))).filter((stat) => stat !== undefined);
  const top = stats.find(({ pid }) => pid === root);
  if (!top) throw new Error(`Process ${root} is gone`);
  const tree = [top];
  // Grows while it is walked: the children of children come after them.
  for (const { pid } of tree) tree.push(...stats.filter(({ parent }) => parent === pid));
  return tree;
}

async function statOf(pid: string): Promise<Stat | undefined> {
  const text = await readOrGone(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold spaces and parentheses itself. After it: state, ppid, … utime is the 14th field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const childTicks = field(16) + field(17);
  return { pid: Number(pid), parent: field(4), ticks: field(14) + field(15) + childTicks, childTicks };
}

async function memoryOf(pid: number): Promise<{ rss: number; pss: number }> {
  const text = (await readOrGone(`/proc/${pid}/smaps_rollup`)) ?? '';
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rss: bytes('Rss'), pss: bytes('Pss') };
}

async function readOrGone(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    // A process may end before we look at it (ENOENT) or while we do (ESRCH, also for one that is not waited for yet).
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

export interface Consumption {
  /** CPU time used during the measurement. */
  cpuSeconds: number;
  wallSeconds: number;
  /** The largest sample, and the mean of all. */
  rssBytes: { peak: number; mean: number };
  pssBytes: { peak: number; mean: number };
}

/** Watches the tree of one process. Stop the meter before the program: a tree that is gone cannot be measured. */
export class TreeMeter {
  readonly #root: number;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #samples: Usage[];
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  /** Resolves once the first sample is taken: what `root` uses from then on counts. Rejects with an Error when it is gone. */
  static async start(root: number, clock: Clock, everyMs = 500): Promise<TreeMeter> {
    return new TreeMeter(root, clock, everyMs, await usageOf(root));
  }

  private constructor(root: number, clock: Clock, everyMs: number, first: Usage) {
    this.#root = root;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#samples = [first];
    this.#sampling = this.#sample(everyMs);
    // Reported by `stop`.
    this.#sampling.catch(() => undefined);
  }

  /** Takes the last sample. Rejects with an Error when the program went away meanwhile. */
  async stop(): Promise<Consumption> {
    this.#stop.abort();
    await this.#sampling;
    const wallSeconds = (this.#clock.monotonic() - this.#startedAt) / 1000;
    const samples = this.#samples;
    return {
      cpuSeconds: samples.at(-1)!.cpuSeconds - samples[0]!.cpuSeconds,
      wallSeconds,
      rssBytes: summary(samples.map((sample) => sample.rssBytes)),
      pssBytes: summary(samples.map((sample) => sample.pssBytes)),
    };
  }

  async #sample(everyMs: number): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await this.#clock.sleep(everyMs, signal);
      // Asked before the sample is taken: the last one has to begin after the stop.
      const isLast = signal.aborted;
      this.#samples.push(await usageOf(this.#root));
      if (isLast) return;
    }
  }
}

function summary(values: readonly number[]): { peak: number; mean: number } {
  return { peak: Math.max(...values), mean: values.reduce((sum, value) => sum + value, 0) / values.length };
}
