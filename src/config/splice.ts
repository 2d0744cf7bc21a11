import { type ParsedNode, type Scalar, stringify, type YAMLMap } from 'yaml';
import type { Setting } from './edit.js';

/** Edits of YAML as text, guided by where its parser found things. Whoever calls checks that the result means what it should. */

/** Another value in the place of a single one. */
export function replaceValue(text: string, node: Scalar, value: Setting): string | undefined {
  if (!node.range) return undefined;
  const [start, end] = node.range;
  // A block text (`|`) ends with its line.
  const tail = text[end - 1] === '\n' ? lineBreak(text) : '';
  return text.slice(0, start) + inFlow(value) + tail + text.slice(end);
}

/** One more setting in a group, or a value for one that has none; null is a file without settings. */
export function addToGroup(
  text: string,
  group: YAMLMap.Parsed | null,
  name: string,
  value: Setting,
): string | undefined {
  if (group === null) return insertLines(text, text.length, inBlock({ [name]: value }, 0));
  const bare = group.items.find(({ key }) => String(key) === name);
  if (bare) return bare.key.range && fill(text, bare.key, value, group);
  const last = group.items.at(-1);
  if (!last) return undefined;
  const end = last.value?.range?.[1] ?? last.key.range[1];
  if (group.flow) return `${text.slice(0, end)}, ${name}: ${inFlow(value)}${text.slice(end)}`;
  const indent = columnOf(text, group.items[0]!.key.range[0]);
  return insertLines(text, afterComments(text, lineEnd(text, end), indent), inBlock({ [name]: value }, indent));
}

/** `name:` gets its value: on the same line, or below it and whatever comment stands there. */
function fill(text: string, key: ParsedNode, value: Setting, group: YAMLMap.Parsed): string | undefined {
  const colon = text.indexOf(':', key.range[1]);
  if (colon < 0) return undefined;
  if (group.flow || typeof value !== 'object') {
    return `${text.slice(0, colon + 1)} ${inFlow(value)}${text.slice(colon + 1)}`;
  }
  return insertLines(text, lineEnd(text, colon), inBlock(value, columnOf(text, key.range[0]) + 2));
}

function insertLines(text: string, at: number, lines: string): string {
  const eol = lineBreak(text);
  const before = text.slice(0, at);
  const joint = before === '' || before.endsWith('\n') ? '' : eol;
  return before + joint + lines.replaceAll('\n', eol) + text.slice(at);
}

/** The start of the next line; `at` itself where a line starts there already. */
function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Comments right below, as deep as the group or deeper, belong to what is above them. */
function afterComments(text: string, from: number, indent: number): number {
  let at = from;
  for (;;) {
    const line = /[^\n]*\n?/y;
    line.lastIndex = at;
    const found = line.exec(text)![0];
    const depth = /^ *(?=#)/.exec(found)?.[0].length;
    if (depth === undefined || depth < indent || (indent === 0 && at === from && found === '')) return at;
    at += found.length;
  }
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf('\n', at - 1) + 1);
}

function lineBreak(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

function inBlock(value: Setting, indent: number): string {
  const lines = stringify(value, { lineWidth: 0 }).trimEnd().split('\n');
  return lines
    .map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
    .join('\n')
    .concat('\n');
}

/** On one line, quoted where commas and braces around it would mislead. */
function inFlow(value: Setting): string {
  return stringify([value], { collectionStyle: 'flow', lineWidth: 0 }).trim().slice(1, -1).trim();
}
