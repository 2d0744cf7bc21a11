import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { Failure } from '../../lib/errors.js';
import { ConfigFailure, type Fault } from './faults.js';

/** Where in the file a setting stands, 1-based; undefined where that is not known. */
export type LineOf = (path: readonly PropertyKey[]) => number | undefined;

export interface SettingsFile {
  /** The settings as they stand, not yet checked. */
  tree: unknown;
  lineOf: LineOf;
}

/** Reads a YAML file. Throws a `ConfigFailure` for what is not YAML, a `Failure` `config-missing` where there is none. */
export function readSettings(path: string): SettingsFile {
  const lines = new LineCounter();
  const text = textOf(path);
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new ConfigFailure(path, yamlFaults(document.errors, text));
  }
  const lineOf = (fields: readonly PropertyKey[]) => {
    const node = document.getIn(fields as unknown[], true) as { range?: [number, number, number] } | undefined;
    return node?.range ? lines.linePos(node.range[0]).line : undefined;
  };
  return { tree: toTree(document, path), lineOf };
}

/** One for each line: what follows the first of a line is mostly its consequence. */
function yamlFaults(errors: Document['errors'], text: string): Fault[] {
  const faults = new Map<number | undefined, Fault>();
  for (const { linePos, message } of errors) {
    const line = linePos?.[0].line;
    if (faults.has(line)) continue;
    const isReference = line !== undefined && /[:[{,]\s*\$\{/.test(text.split('\n')[line - 1] ?? '');
    const said = message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
    faults.set(line, { path: '', line, remedy: isReference ? `put the text with \${…} in quotes` : said });
  }
  return [...faults.values()];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new Failure(`${path} cannot be read (${code})`, {
      kind: 'permanent',
      code: 'config-missing',
      hint: code === 'ENOENT' ? 'Check the path given with -c.' : 'Check who may read it.',
      cause,
    });
  }
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

export type Tree = Record<string, unknown>;

/** The settings as a group of names. Throws a `ConfigFailure` for a list or a single value. */
export function asTree(tree: unknown, origin: string): Tree {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw new ConfigFailure(origin, [{ path: '', remedy: 'write settings as `name: value` lines' }]);
  }
  return tree as Tree;
}
