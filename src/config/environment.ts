import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../lib/errors.js';
import { type Fault, isSecretPath, showValue } from './faults.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `NVR_UPLINK__REMOTES__AWS__PASSWORD` sets `remotes.aws.password`; with `_FILE` at the end, to the content of that file. */
const PREFIX = 'NVR_UPLINK__';

type Tree = Record<string, unknown>;

/** Settings from the environment, laid over those of the file. Returns what could not be applied. */
export function applyOverrides(tree: Tree, environment: Environment): Fault[] {
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    const fromFile = isOfFile(name);
    const path = (fromFile ? name.slice(0, -5) : name).slice(PREFIX.length).toLowerCase().split('__');
    try {
      set(tree, path, fromFile ? readSecret(value) : scalar(path.at(-1)!, value));
    } catch (error) {
      faults.push({ path: path.join('.'), remedy: `${name}: ${messageOf(error)}` });
    }
  }
  return faults;
}

function isOfFile(name: string): boolean {
  return name.startsWith(PREFIX) && name.endsWith('_FILE') && !name.endsWith('__KEY_FILE');
}

function set(tree: Tree, path: string[], value: unknown): void {
  let node = tree;
  for (const part of path.slice(0, -1)) {
    if (part === '__proto__' || part === 'constructor') throw new Error('not a setting');
    node[part] ??= {};
    if (typeof node[part] !== 'object' || node[part] === null) throw new Error(`\`${part}\` holds a single value`);
    node = node[part] as Tree;
  }
  node[path.at(-1)!] = value;
}

/** Numbers and booleans as YAML would read them; everything else stays text, and so do sign-in details. */
function scalar(name: string, text: string): unknown {
  if (isSecretPath(name) || name === 'username') return text;
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}

const REFERENCE = /\$\{(?:file:(?<file>[^}]+)|(?<name>[A-Za-z_][A-Za-z0-9_]*))\}/g;

/**
 * Replaces `${NAME}` and `${file:PATH}` (relative to `base`) in every text of the tree, in place. Returns what could not be
 * resolved.
 */
export function resolveReferences(tree: unknown, environment: Environment, base: string, path = ''): Fault[] {
  if (typeof tree !== 'object' || tree === null) return [];
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(tree)) {
    const here = path ? `${path}.${name}` : name;
    if (typeof value !== 'string') {
      faults.push(...resolveReferences(value, environment, base, here));
      continue;
    }
    try {
      (tree as Tree)[name] = resolveText(value, environment, base);
    } catch (error) {
      faults.push({ path: here, value: showValue(here, value), remedy: messageOf(error) });
    }
  }
  return faults;
}

function resolveText(text: string, environment: Environment, base: string): string {
  return text.replace(REFERENCE, (...match) => {
    const { file, name } = match.at(-1) as { file?: string; name?: string };
    if (file) return readSecret(resolve(base, file));
    const value = environment[name!];
    if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
    return value;
  });
}

/** Files that settings are read from, by `${file:PATH}` in the tree as it was written or by the environment. Absolute; whether they are there or not. */
export function filesOfSettings(tree: unknown, environment: Environment, base: string): string[] {
  const named = Object.entries(environment).flatMap(([name, file]) => (file && isOfFile(name) ? [resolve(file)] : []));
  return [...named, ...referredFiles(tree, base)];
}

function referredFiles(tree: unknown, base: string): string[] {
  if (typeof tree === 'object' && tree !== null) return Object.values(tree).flatMap((one) => referredFiles(one, base));
  if (typeof tree !== 'string') return [];
  return [...tree.matchAll(REFERENCE)].flatMap(({ groups }) => (groups?.file ? [resolve(base, groups.file)] : []));
}

/** A secret's file must not be readable by others, as OpenSSH demands of its keys. */
export function readSecret(file: string): string {
  const mode = statSync(file).mode & 0o777;
  if (mode & 0o077) {
    throw new Error(`${file} can be read by others (mode ${mode.toString(8)}); run: chmod 600 ${file}`);
  }
  return readFileSync(file, 'utf8').trimEnd();
}
