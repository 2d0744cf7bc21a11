import { SaxesParser } from 'saxes';

/** One element of a request, its prefix resolved. */
export interface SoapElement {
  /** Local name. */
  name: string;
  namespace: string;
  /** By local name. */
  attributes: ReadonlyMap<string, string>;
  children: SoapElement[];
  /** What stands directly in it, trimmed. */
  text: string;
}

export interface SoapRequest {
  /** The local name of the first element in the body, its namespace, and the element itself. */
  operation: string;
  namespace: string;
  body: SoapElement;
  header: SoapElement | undefined;
  /** The text of the first element with this local name, in header or body. */
  text(name: string): string | undefined;
}

/** Deeper nesting than any request has; a hostile one is no reason for a full stack. */
const MAX_DEPTH = 40;

/** Undefined for anything that is no SOAP envelope: malformed, with a DOCTYPE, too deep, without an operation. */
export function parseSoap(xml: string): SoapRequest | undefined {
  let root: SoapElement | undefined;
  try {
    root = parseElement(xml);
  } catch {
    return undefined;
  }
  const body = find(root, 'Body')?.children[0];
  if (!root || !body) return undefined;
  const text = (name: string) => search(root, name)?.text;
  return { operation: body.name, namespace: body.namespace, body, header: find(root, 'Header'), text };
}

function parseElement(xml: string): SoapElement | undefined {
  const parser = new SaxesParser({ xmlns: true });
  const open: SoapElement[] = [];
  let root: SoapElement | undefined;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', () => {
    throw new SyntaxError('a SOAP message has no DOCTYPE');
  });
  parser.on('opentag', ({ local, uri, attributes: given }) => {
    if (open.length >= MAX_DEPTH) throw new RangeError('nested too deep');
    const attributes = new Map(Object.values(given).map((one) => [one.local, one.value]));
    const element = { name: local, namespace: uri, attributes, children: [], text: '' };
    if (root === undefined) root = element;
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  const add = (text: string) => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => {
    const element = open.pop()!;
    element.text = element.text.trim();
  });
  parser.write(xml).close();
  return root;
}

/** The element at the end of a path of local names. */
export function find(element: SoapElement | undefined, ...path: string[]): SoapElement | undefined {
  return path.reduce((at, name) => at?.children.find((child) => child.name === name), element);
}

export function findAll(element: SoapElement | undefined, name: string): SoapElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

export function textAt(element: SoapElement | undefined, ...path: string[]): string | undefined {
  return find(element, ...path)?.text;
}

function search(element: SoapElement, name: string): SoapElement | undefined {
  for (const child of element.children) {
    const found = child.name === name ? child : search(child, name);
    if (found) return found;
  }
  return undefined;
}
