import { SaxesParser } from 'saxes';
import { Failure, messageOf } from '../errors.js';

/** One element, as it stands: text is text, so that firmware `5.40` stays `5.40` and a serial of 20 digits keeps them all. */
export interface XmlElement {
  /** Without its prefix. */
  name: string;
  /** Empty where there is none, or where the prefix was never declared, as some firmware forgets to. */
  namespace: string;
  /** By local name, without a prototype: an attribute may be called `__proto__`. */
  attributes: Readonly<Record<string, string>>;
  children: readonly XmlElement[];
  /** The element's own text, not that of its children. */
  text: string;
}

/** No reply of a camera needs more; each is counted before it costs anything. */
const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 50_000;

/** Thrown to stop reading once the root element is closed: what follows it (NULs, the rest of a page) does not matter. */
const COMPLETE = new Error('complete');

const UNDECLARED = 'undeclared';

/** A leading mark or blank lines, and control characters within: firmware sends them, XML forbids them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are to go
const FORBIDDEN = /^[\ufeff\s\0]+|[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/** An `&` that begins no reference: stream addresses are often sent unescaped. */
const BARE_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/g;

/**
 * Reads a whole document. Throws `xml-invalid` for what is not well-formed, has a DOCTYPE (entities, external or nested,
 * need one), or is larger, deeper or richer in elements than any honest reply.
 */
export function parseXml(xml: string | Buffer): XmlElement {
  if (xml.length > MAX_BYTES) throw invalid(`it is larger than ${MAX_BYTES} bytes`);
  const text = (typeof xml === 'string' ? xml : decode(xml)).replace(FORBIDDEN, '');
  try {
    return parseStrictly(text);
  } catch (error) {
    const mended = text.replace(BARE_AMPERSAND, '&amp;');
    if (mended === text || error instanceof Failure) throw error instanceof Failure ? error : invalid(messageOf(error));
    try {
      return parseStrictly(mended);
    } catch (again) {
      throw again instanceof Failure ? again : invalid(messageOf(again));
    }
  }
}

interface OpenElement extends XmlElement {
  children: XmlElement[];
}

function parseStrictly(text: string): XmlElement {
  // Undeclared prefixes are common in events, and harmless: everything is looked up by local name.
  const resolvePrefix = (prefix: string) => (prefix === '' ? undefined : UNDECLARED);
  const parser = new SaxesParser({ xmlns: true, position: false, resolvePrefix });
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  parser.on('doctype', () => {
    throw invalid('it has a DOCTYPE, which SOAP forbids');
  });
  parser.on('error', (error) => {
    throw root && !error.message.includes('unexpected close tag') ? COMPLETE : error;
  });
  parser.on('opentag', (tag) => {
    if (root) throw COMPLETE;
    if (++count > MAX_ELEMENTS) throw invalid(`it has more than ${MAX_ELEMENTS} elements`);
    if (open.length >= MAX_DEPTH) throw invalid(`it is nested deeper than ${MAX_DEPTH} elements`);
    const element = {
      name: tag.local,
      namespace: tag.uri === UNDECLARED ? '' : tag.uri,
      attributes: attributesOf(tag),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  const addText = (more: string) => {
    const element = open.at(-1);
    if (element) element.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop();
    if (open.length === 0) root = element;
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error !== COMPLETE) throw error;
  }
  if (!root) throw invalid('it ends before its root element does');
  return root;
}

interface Attribute {
  local: string;
  prefix: string;
  value: string;
}

function attributesOf(tag: { attributes: Record<string, Attribute> }): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const { local, prefix, value } of Object.values(tag.attributes)) {
    if (prefix === 'xmlns' || local === 'xmlns') continue;
    // `xsi:type` beside `type`: ONVIF's own attributes have no prefix.
    if (prefix === '' || !(local in found)) found[local] = value;
  }
  return found;
}

/** UTF-8 unless the text itself says otherwise; a label nobody knows is UTF-8 too. */
function decode(bytes: Buffer): string {
  const label = /^[^>]{0,100}encoding=["']([\w-]{1,40})["']/.exec(bytes.toString('latin1', 0, 150))?.[1] ?? 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}

function invalid(why: string): Failure {
  return new Failure(`The reply cannot be read as XML: ${why}`, {
    kind: 'transient',
    code: 'xml-invalid',
    hint: 'If it goes on, restart the camera, and look whether its maker has newer firmware.',
  });
}

/** The first descendant on this path of local names. */
export function child(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((one) => one.name === name);
  return found;
}

/** All children with this local name. */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((one) => one.name === name) ?? [];
}

/** The text of {@link child}, trimmed; undefined where there is no such element or nothing in it. */
export function textAt(element: XmlElement | undefined, ...path: string[]): string | undefined {
  return child(element, ...path)?.text.trim() || undefined;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** For element text and for attributes in either kind of quote; by name, since small parsers know no `&#38;`. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
