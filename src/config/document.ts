import { readFileSync } from 'node:fs';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { Failure } from '../../lib/errors.js';
import { ConfigFailure } from './faults.js';

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
  const document = parseDocument(textOf(path), { lineCounter: lines });
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
  const lineOf = (fields: readonly PropertyKey[]) => {
    const node = document.getIn(fields as unknown[], true) as { range?: [number, number, number] } | undefined;
    return node?.range ? lines.linePos(node.range[0]).line : undefined;
  };
  return { tree: toTree(document, path), lineOf };
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
