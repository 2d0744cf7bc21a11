import { escapeXml, type XmlElement } from './xml.js';

/** Changes to what was read, so that it can be written back whole: what nobody asked to change stays as the camera had it. */

export const SCHEMA = 'http://www.onvif.org/ver10/schema';

/** As text, each element with its namespace. */
export function toXml({ name, namespace, attributes, children, text }: XmlElement): string {
  // `xsi:nil`, `xsi:type` and the like lost their prefix in reading, and say nothing that the element does not.
  const kept = Object.entries(attributes).filter(([key]) => !/^(nil|type|schemaLocation)$/.test(key));
  const written = kept.map(([key, value]) => ` ${key}="${escapeXml(value)}"`).join('');
  const inside = children.length > 0 ? children.map(toXml).join('') : escapeXml(text);
  return `<${name} xmlns="${escapeXml(namespace)}"${written}>${inside}</${name}>`;
}

export function element(name: string, inside: string | readonly XmlElement[], namespace = SCHEMA): XmlElement {
  const isText = typeof inside === 'string';
  return { name, namespace, attributes: {}, children: isText ? [] : inside, text: isText ? inside : '' };
}

/** With another text at a path of local names; elements that are missing on it are made. */
export function withText(parent: XmlElement, [name, ...rest]: readonly string[], text: string): XmlElement {
  if (name === undefined) return { ...parent, text, children: [] };
  const at = parent.children.findIndex((one) => one.name === name);
  const changed = withText(parent.children[at] ?? element(name, ''), rest, text);
  const children = at < 0 ? [...parent.children, changed] : parent.children.with(at, changed);
  return { ...parent, children };
}

export function withAttribute(parent: XmlElement, name: string, value: string): XmlElement {
  return { ...parent, attributes: { ...parent.attributes, [name]: value } };
}

export function without(parent: XmlElement, name: string): XmlElement {
  return { ...parent, children: parent.children.filter((one) => one.name !== name) };
}

/** Children in the order the schema demands; those it does not name keep their place at the end. */
export function inOrder(parent: XmlElement, names: readonly string[]): XmlElement {
  const place = ({ name }: XmlElement) => (names.includes(name) ? names.indexOf(name) : names.length);
  return { ...parent, children: parent.children.toSorted((a, b) => place(a) - place(b)) };
}
