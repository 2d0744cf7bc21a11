/** One quantity, measured for us and for each peer in the same run: numbers of different runs are never compared. */
export interface Measured {
  /** Kebab-case; what `goals.json` and scripts refer to, e.g. `cpu`. */
  metric: string;
  /** For people: `CPU-seconds per camera-hour`. */
  unit: string;
  better: 'lower' | 'higher';
  ours: number;
  /** By the peer's name. Empty where there is nothing to compare with: then only a `limit` can judge it. */
  peers: Record<string, number>;
}

export interface BenchOptions {
  /** Fewer rounds and smaller inputs: shows that it works, and roughly where we are. */
  quick: boolean;
  /** The parts to measure, by the beginnings of their metrics; empty for all. */
  only: readonly string[];
  /** For what takes long: standard error, so that standard output stays for the results. */
  say: (line: string) => void;
}

/** What `bench/{name}.ts` exports as `run`. */
export type Bench = (options: BenchOptions) => Promise<Measured[]>;

/** What is asked of one metric. At least one of both. */
export interface Goal {
  metric: string;
  /** Ours ÷ the best peer's: at most this where lower is better, at least this where higher is. */
  ratio?: number;
  /** Whose the ratio is to, where it is not the best one's. */
  peer?: string;
  /** The same of our own number, in the metric's unit. */
  limit?: number;
}

export interface Judged extends Measured {
  /** The best one, or the one that the goal names. */
  bestPeer?: string;
  /** Ours ÷ that peer's; absent without it. */
  ratio?: number;
  goal?: Goal;
  /** Absent without a goal. */
  met?: boolean;
}

/** Holds results against goals. Throws an Error where a goal is about something that was not measured: that is no success. */
export function judge(results: readonly Measured[], goals: readonly Goal[]): Judged[] {
  for (const goal of goals) {
    if (!results.some((result) => result.metric === goal.metric)) {
      throw new Error(`There is a goal for ${goal.metric}, and it was not measured`);
    }
  }
  return results.map((result) =>
    judgeOne(
      result,
      goals.find((goal) => goal.metric === result.metric),
    ),
  );
}

function judgeOne(result: Measured, goal: Goal | undefined): Judged {
  const sign = result.better === 'lower' ? 1 : -1;
  const ranked = Object.entries(result.peers).sort(([, a], [, b]) => sign * (a - b));
  const best = goal?.peer === undefined ? ranked[0] : ranked.find(([name]) => name === goal.peer);
  const judged: Judged = { ...result, bestPeer: best?.[0], ratio: best && ratioOf(result.ours, best[1]) };
  if (!goal) return judged;
  // Written so that a NaN, which compares with nothing, never meets a goal.
  const within = (value: number | undefined, bound: number | undefined) =>
    bound === undefined || (value !== undefined && sign * value <= sign * bound);
  return { ...judged, goal, met: within(judged.ratio, goal.ratio) && within(result.ours, goal.limit) };
}

/** Nothing against nothing is a draw. */
function ratioOf(ours: number, best: number): number {
  return ours === best ? 1 : ours / best;
}
