import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { Failure } from '../../lib/errors.js';
import { applyOverrides, type Environment, resolveReferences, singleCamera } from './environment.js';
import { ConfigFailure, type Fault, showValue } from './faults.js';
import { type Config, configSchema } from './schema.js';

export interface LoadedConfig {
  config: Config;
  /** The file, or `environment` for a single camera described there. */
  origin: string;
}

const PLACES = ['nvr-uplink.yaml', '/etc/nvr-uplink/nvr-uplink.yaml'];

/**
 * Reads the configuration: `file`, else NVR_UPLINK_CONFIG, else ./nvr-uplink.yaml, else /etc/nvr-uplink/nvr-uplink.yaml,
 * else a single camera from the environment; then environment overrides. Relative paths are relative to the file.
 * Throws a `ConfigFailure` with every fault, or a `Failure` `config-missing`.
 */
export function loadConfig(file: string | undefined, environment: Environment = process.env): LoadedConfig {
  const wanted = file ?? environment.NVR_UPLINK_CONFIG;
  const path = wanted ?? PLACES.find((place) => existsSync(place));
  if (path !== undefined) return fromFile(resolve(path), environment);
  const single = singleCamera(environment);
  if (single) return fromTree(single, 'the environment', process.cwd(), environment, () => undefined);
  throw new Failure('There is no configuration', {
    kind: 'permanent',
    code: 'config-missing',
    hint: 'Write nvr-uplink.yaml (the README has one to start from), pass one with -c FILE, or try: nvr-uplink demo',
  });
}

function fromFile(path: string, environment: Environment): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new Failure(`${path} cannot be read (${code})`, {
      kind: 'permanent',
      code: 'config-missing',
      hint: code === 'ENOENT' ? 'Check the path given with -c.' : 'Check who may read it.',
      cause,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigFailure(
      path,
      document.errors.map((error) => ({
        path: '',
        line: error.linePos?.[0].line,
        remedy: error.message.split('\n')[0]!,
      })),
    );
  }
  const tree = toTree(document, path);
  const lineOf = (fields: readonly PropertyKey[]) => {
    const node = document.getIn(fields as unknown[], true) as { range?: [number, number, number] } | undefined;
    return node?.range ? lines.linePos(node.range[0]).line : undefined;
  };
  return fromTree(tree, path, dirname(path), environment, lineOf);
}

function toTree(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch {
    // The error repeats the text after the `*`, which may be a password.
    const remedy = 'a value begins with * and refers to nothing; put it in quotes';
    throw new ConfigFailure(path, [{ path: '', remedy }]);
  }
}

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

function fromTree(tree: unknown, origin: string, base: string, environment: Environment, lineOf: LineOf): LoadedConfig {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new ConfigFailure(origin, [{ path: '', remedy: 'write settings as `name: value` lines' }]);
  }
  const faults = [
    ...applyOverrides(tree as Record<string, unknown>, environment),
    ...resolveReferences(tree, environment, base),
  ];
  const result = configSchema.safeParse(tree);
  if (!result.success) faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, tree, lineOf)));
  if (faults.length > 0 || !result.success) throw new ConfigFailure(origin, faults);
  return { config: withAbsolutePaths(result.data, base), origin };
}

function faultsOf(issue: z.core.$ZodIssue, tree: unknown, lineOf: LineOf): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    // Without their values: one of them may be a password under a misspelt name.
    return issue.keys.map((key) => ({
      ...at([...issue.path, key], tree, lineOf, 'there is no such setting; check the spelling'),
      value: undefined,
    }));
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({ ...at(issue.path, tree, lineOf, inner.message), value: undefined }));
  }
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input' && issue.errors.length > 0) {
    const closest = issue.errors.reduce((a, b) => (b.length < a.length ? b : a));
    if (closest.length > 0) {
      return closest.flatMap((inner) => faultsOf({ ...inner, path: [...issue.path, ...inner.path] }, tree, lineOf));
    }
  }
  return [at(issue.path, tree, lineOf, remedyOf(issue, valueAt(tree, issue.path)))];
}

function remedyOf(issue: z.core.$ZodIssue, value: unknown): string {
  const isOurs = !issue.message.startsWith('Invalid input');
  if (issue.code !== 'invalid_type' || isOurs) return value === undefined ? `missing: ${issue.message}` : issue.message;
  const wanted = WANTED[issue.expected] ?? issue.expected;
  if (value === undefined) return `missing: write ${wanted}`;
  const isPlain = typeof value !== 'object' || value === null;
  return issue.expected === 'string' && isPlain ? 'put it in quotes' : `write ${wanted}`;
}

const WANTED: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'settings as `name: value` lines',
  record: 'settings as `name: value` lines',
};

function at(path: readonly PropertyKey[], tree: unknown, lineOf: LineOf, remedy: string): Fault {
  const name = path.map(String).join('.');
  return {
    path: name,
    value: showValue(name, valueAt(tree, path)),
    remedy,
    line: lineOf(path) ?? lineOf(path.slice(0, -1)),
  };
}

function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, part) => (node as Record<PropertyKey, unknown> | undefined)?.[part], tree);
}

function withAbsolutePaths(config: Config, base: string): Config {
  const absolute = (path: string) => resolve(base, path);
  return {
    ...config,
    storage: { ...config.storage, dir: absolute(config.storage.dir) },
    archive: config.archive && { ...config.archive, path: absolute(config.archive.path) },
    remotes: Object.fromEntries(
      Object.entries(config.remotes).map(([name, remote]) => {
        if (remote.type === 'folder') return [name, { ...remote, path: absolute(remote.path) }];
        return [name, { ...remote, key_file: remote.key_file && absolute(remote.key_file) }];
      }),
    ),
  };
}
