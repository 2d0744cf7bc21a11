import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { type Bench, type Goal, type Judged, judge } from './results.js';
import { table } from './table.js';

const NAMES = ['record', 'motion', 'upload', 'browse'] as const;
const USAGE = `usage: npm run bench -- ${NAMES.join('|')} [--quick] [--json FILE]`;

/** `npm run bench`. Resolves to the exit status: 0, 1 where a goal is missed or the run failed, 2 for wrong usage. */
async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof parse>;
  try {
    options = parse(args);
  } catch (error) {
    say(`${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  const { name, quick, json } = options;
  const module = new URL(`./${name}.ts`, import.meta.url);
  if (!existsSync(module)) {
    say(`bench ${name}: not built yet`);
    return 2;
  }
  const { run } = (await import(module.href)) as { run: Bench };
  const goals = JSON.parse(await readFile(new URL('./goals.json', import.meta.url), 'utf8')) as Record<string, Goal[]>;
  const results = judge(await run({ quick, say }), goals[name] ?? []);
  process.stdout.write(`${table(results)}\n`);
  if (json) await writeFile(json, `${JSON.stringify(report(name, quick, results), undefined, 2)}\n`);
  return results.some((result) => result.met === false) ? 1 : 0;
}

function parse(args: string[]) {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
  });
  const name = NAMES.find((one) => one === positionals[0]);
  if (!name || positionals.length > 1) throw new Error('Which one?');
  return { name, quick: values.quick, json: values.json };
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
