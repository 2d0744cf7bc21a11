import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { type Bench, type Goal, type Judged, judge } from './results.js';
import { table } from './table.js';

/** What a benchmark exports that can be run in parts: whether a metric is of those that the beginning of a name means. */
type Belongs = (metric: string, part: string) => boolean;

const NAMES = ['record', 'motion', 'upload', 'browse'] as const;
const USAGE = `usage: npm run bench -- ${NAMES.join('|')} [--quick] [--only PART,…] [--json FILE]`;

/** `npm run bench`. Resolves to the exit status: 0, 1 where a goal is missed or the run failed, 2 for wrong usage. */
async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof parse>;
  try {
    options = parse(args);
  } catch (error) {
    say(`${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  const { name, quick, only, json } = options;
  const module = new URL(`./${name}.ts`, import.meta.url);
  if (!existsSync(module)) {
    say(`bench ${name}: not built yet`);
    return 2;
  }
  const { run, belongs } = (await import(module.href)) as { run: Bench; belongs?: Belongs };
  if (only.length > 0 && !belongs) {
    say(`bench ${name} has no parts: leave --only out`);
    return 2;
  }
  const goals = JSON.parse(await readFile(new URL('./goals.json', import.meta.url), 'utf8')) as Record<string, Goal[]>;
  const measured = await run({ quick, only, say });
  // What two parts show together has the name of neither.
  const asked = ({ metric }: Goal) =>
    only.length === 0 || measured.some((one) => one.metric === metric) || only.some((part) => belongs!(metric, part));
  const results = judge(measured, (goals[name] ?? []).filter(asked));
  process.stdout.write(`${table(results)}\n`);
  if (json) await writeFile(json, `${JSON.stringify(report(name, quick, results), undefined, 2)}\n`);
  return results.some((result) => result.met === false) ? 1 : 0;
}

function parse(args: string[]) {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
    },
  });
  const name = NAMES.find((one) => one === positionals[0]);
  if (!name || positionals.length > 1) throw new Error('Which one?');
  return { name, quick: values.quick, only: values.only.split(',').filter(Boolean), json: values.json };
}

/** The numbers with what they depend on; without that they mean little. */
function report(name: string, quick: boolean, results: readonly Judged[]) {
  const machine = {
    cpu: cpus()[0]?.model,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
  return { bench: name, quick, at: new Date(systemClock.now()).toISOString(), machine, results };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`failed: ${messageOf(error)}`);
  process.exitCode = 1;
}
