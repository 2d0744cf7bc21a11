import type * as z from 'zod';
import type { LineOf } from './document.js';
import { type Fault, showValue } from './faults.js';
import { plainWords } from './words.js';

/** What a schema found wrong, as faults: where it stands, what is there, what to write instead. */
export function faultsOf(issue: z.core.$ZodIssue, tree: unknown, lineOf: LineOf): Fault[] {
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
  if (issue.code !== 'invalid_type' || isOurs) {
    const words = plainWords(issue) ?? issue.message;
    return value === undefined ? `missing: ${words}` : words;
  }
  const wanted = WANTED[issue.expected] ?? issue.expected;
  if (value === undefined) return `missing: write ${NAMED[String(issue.path.at(-1))] ?? wanted}`;
  const isPlain = typeof value !== 'object' || value === null;
  if (issue.expected === 'boolean' && typeof value === 'string') return `write ${wanted}, without quotes`;
  return issue.expected === 'string' && isPlain ? 'put it in quotes' : `write ${wanted}`;
}

/** What a setting that is often left out is to hold. */
const NAMED: Record<string, string> = {
  path: 'the path of a folder that exists, e.g. /mnt/nas',
  host: 'the name or address of the server',
  username: 'the user to sign in as',
  bucket: 'the name of the bucket',
  region: 'the region of the bucket, e.g. eu-central-1',
};

const WANTED: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
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
