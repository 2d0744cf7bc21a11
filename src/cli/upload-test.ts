import { Failure } from '../../lib/errors.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { probe, type Step } from '../upload/probe.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { ledgerPins } from './pins.js';

interface UploadTestOptions extends GlobalOptions {
  /** Bytes. */
  size: number;
}

/** `nvr-uplink upload test [REMOTE…]`: tries remotes out, as they will be used. Exit status 1 where a step failed. */
export async function uploadTest(
  context: Context,
  options: UploadTestOptions,
  wanted: readonly string[],
): Promise<number> {
  const { config } = loadConfig(options.config, context.env);
  const results = [];
  for (const name of chosen(config, wanted)) {
    if (!options.json) print(context, `${results.length > 0 ? '\n' : ''}${name} (${config.remotes[name]!.type})`);
    const steps: Step[] = [];
    const { pins, release } = await ledgerPins(config);
    const { clock, signal } = context;
    const bytes = options.size;
    try {
      for await (const step of probe(
        { name, config: config.remotes[name]!, site: config.site, pins, clock, bytes },
        signal,
      )) {
        steps.push(step);
        if (!options.json) print(context, line(step));
      }
    } finally {
      release();
    }
    results.push({ remote: name, ok: steps.every(({ ok }) => ok), steps });
  }
  const ok = results.every((result) => result.ok);
  if (options.json) printJson(context, { ok, remotes: results });
  return ok ? EXIT.ok : EXIT.failed;
}

function chosen({ remotes }: Config, wanted: readonly string[]): readonly string[] {
  const known = Object.keys(remotes);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined && known.length > 0) return wanted.length > 0 ? wanted : known;
  throw new Failure(unknown === undefined ? 'No remote is configured' : `There is no remote "${unknown}"`, {
    kind: 'permanent',
    code: 'config-missing',
    hint: known.length > 0 ? `Configured are: ${known.join(', ')}` : 'Add one under `remotes` in the configuration.',
  });
}

function line({ step, ok, ms, detail, hint }: Step): string {
  const remedy = ok || !hint ? '' : `\n${' '.repeat(27)}→ ${hint}`;
  return `  ${ok ? '✓' : '✗'} ${step.padEnd(12)} ${`${ms} ms`.padStart(9)}  ${detail}${remedy}`;
}
