import { isDeepStrictEqual } from 'node:util';
import { type Document, isCollection, isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { Failure } from '../../lib/errors.js';
import { addToGroup, replaceValue } from './splice.js';

export type Setting = string | number | boolean | readonly Setting[] | { readonly [name: string]: Setting };

/**
 * `text` with the setting at `path` changed or added; groups on the way are made. Only the lines concerned change: every
 * comment, blank line and way of writing elsewhere stays to the byte. Returns `text` itself if it says so already.
 * Throws a `Failure` (`config-not-editable`) where the file is no YAML or `path` leads through a single value.
 */
export function setSetting(text: string, path: readonly string[], value: Setting): string {
  const document = parse(text);
  if (isDeepStrictEqual(plain(document.getIn(path)), value)) return text;
  checkWay(document, path);
  const wanted = parse(text);
  setIn(wanted, path, value);
  const edited = splice(text, document, path, value);
  // Anchors, lists and other rarities: written anew as a whole, which keeps comments but not each blank.
  return edited !== undefined && means(edited, wanted) ? edited : wanted.toString({ lineWidth: 0 });
}

function parse(text: string): Document.Parsed {
  const document = parseDocument(text);
  const [error] = document.errors;
  // Its first line says what and where; the others repeat the file, which may hold passwords.
  if (error) throw notEditable(`it is not YAML: ${error.message.split('\n')[0]}`);
  if (document.contents !== null && !isMap(document.contents)) throw notEditable('it holds no settings');
  return document;
}

function checkWay(document: Document.Parsed, path: readonly string[]): void {
  for (let length = 1; length < path.length; length++) {
    const node = document.getIn(path.slice(0, length), true);
    if (!isEmpty(node) && !isMap(node)) throw notEditable(`\`${path.slice(0, length).join('.')}\` is no group`);
  }
}

/** As the library's, which takes a name without a value for a single one. */
function setIn(document: Document.Parsed, path: readonly string[], value: Setting): void {
  const bare = path.findIndex((_, length) => length > 0 && document.getIn(path.slice(0, length)) === null);
  const [at, whole] =
    bare < 0 ? [path, value] : [path.slice(0, bare), path.slice(bare).reduceRight<Setting>(wrap, value)];
  document.setIn(at, document.createNode(whole));
}

function wrap(inner: Setting, name: string): Setting {
  return { [name]: inner };
}

function notEditable(why: string): Failure {
  return new Failure(`The configuration cannot be edited: ${why}`, {
    kind: 'permanent',
    code: 'config-not-editable',
    hint: 'Correct the file, then check it: nvr-uplink config validate',
  });
}

function means(text: string, wanted: Document): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted.toJS());
}

function plain(value: unknown): unknown {
  return isCollection(value) ? value.toJSON() : value;
}

/** Undefined where there is no simple way. */
function splice(text: string, document: Document.Parsed, path: readonly string[], value: Setting): string | undefined {
  const present = document.getIn(path, true);
  if (isScalar(present) && !isEmpty(present)) return replaceValue(text, present, value);
  if (!isEmpty(present)) return undefined;
  // The deepest group there is takes what is missing, in one piece.
  let depth = path.length - 1;
  while (depth > 0 && !isMap(document.getIn(path.slice(0, depth), true))) depth--;
  const group = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  const missing = path.slice(depth + 1).reduceRight<Setting>(wrap, value);
  return addToGroup(text, group as YAMLMap.Parsed | null, path[depth]!, missing);
}

/** Not there, or a name with nothing after its colon. */
function isEmpty(node: unknown): boolean {
  return node === undefined || node === null || (isScalar(node) && node.value === null);
}
