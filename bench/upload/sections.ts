import type { WanOptions } from './line.js';

export type Protocol = 'sftp' | 'ftps';
export type Kind = 'large' | 'medium' | 'small' | 'short' | 'huge';

/** The same files by one protocol over one line: what is measured, and run, by itself. */
export interface Section {
  /** `sftp-large-wan`: what its metrics begin with. */
  id: string;
  protocol: Protocol;
  kind: Kind;
  files: [count: number, bytes: number];
  rounds: number;
}

/** A line with what is sent over it. */
export interface Stage {
  /** Without it, the loopback. */
  wan?: WanOptions;
  sections: Section[];
}

interface Plan {
  wan?: WanOptions;
  /** The files, and those of `--quick`. */
  kinds: Partial<Record<Kind, { whole: Section['files']; quick: Section['files'] }>>;
  rounds: number;
  /** `--quick` leaves it out. */
  long?: boolean;
}

const PLANS: Plan[] = [
  {
    kinds: {
      large: { whole: [1, 200e6], quick: [1, 40e6] },
      // What these show is memory, which must not depend on the size of a file: ours alone.
      short: { whole: [1, 20e6], quick: [1, 20e6] },
      huge: { whole: [1, 2e9], quick: [1, 400e6] },
    },
    rounds: 3,
  },
  {
    wan: { name: 'wan', rttMs: 50, mbit: 100 },
    kinds: {
      large: { whole: [1, 200e6], quick: [1, 20e6] },
      medium: { whole: [20, 20e6], quick: [4, 10e6] },
      small: { whole: [500, 200e3], quick: [60, 200e3] },
    },
    rounds: 1,
  },
  {
    wan: { name: 'slow', rttMs: 100, mbit: 20 },
    kinds: {
      large: { whole: [1, 50e6], quick: [1, 8e6] },
      small: { whole: [100, 200e3], quick: [20, 200e3] },
    },
    rounds: 1,
  },
  {
    wan: { name: 'lossy', rttMs: 50, mbit: 100, lossPercent: 0.1 },
    kinds: {
      large: { whole: [1, 200e6], quick: [1, 200e6] },
      small: { whole: [500, 200e3], quick: [500, 200e3] },
    },
    rounds: 1,
    long: true,
  },
];

/** Everything, by line. `only`: the beginnings of the sections wanted, `sftp-large-wan` or just `sftp`; empty for all. */
export function stages(quick: boolean, only: readonly string[]): Stage[] {
  const all = PLANS.filter((plan) => !(plan.long && quick && only.length === 0)).map((plan) => staged(plan, quick));
  for (const wanted of only) {
    if (all.some(({ sections }) => sections.some(({ id }) => belongs(id, wanted)))) continue;
    const ids = all.flatMap(({ sections }) => sections.map(({ id }) => id));
    throw new Error(`There is no ${wanted} to measure, but ${ids.join(', ')}`);
  }
  const isWanted = ({ id }: Section) => only.length === 0 || only.some((wanted) => belongs(id, wanted));
  return all
    .map(({ wan, sections }) => ({ wan, sections: sections.filter(isWanted) }))
    .filter(({ sections }) => sections.length > 0);
}

/** Whether a section, or a metric of it, is of those that a beginning names. */
export function belongs(name: string, beginning: string): boolean {
  return name === beginning || name.startsWith(`${beginning}-`);
}

function staged({ wan, kinds, rounds }: Plan, quick: boolean): Stage {
  const sections = Object.entries(kinds).flatMap(([kind, { whole, quick: little }]) =>
    (['sftp', 'ftps'] as const).map((protocol) => ({
      id: `${protocol}-${kind}-${wan?.name ?? 'loopback'}`,
      protocol,
      kind: kind as Kind,
      files: quick ? little : whole,
      rounds: quick ? 1 : rounds,
    })),
  );
  return { wan, sections };
}
