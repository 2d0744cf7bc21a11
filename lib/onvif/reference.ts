import { child, escapeXml, type XmlElement } from './xml.js';

const ADDRESSING = 'http://www.w3.org/2005/08/addressing';

/** What the camera wants back with each request: Axis tells its subscriptions apart by nothing else. */
export function referenceParameters(reply: XmlElement): string {
  const reference = child(reply, 'SubscriptionReference');
  const holders = [child(reference, 'ReferenceParameters'), child(reference, 'ReferenceProperties')];
  return holders
    .flatMap((holder) => holder?.children ?? [])
    .map((one) => write(one, ` a:IsReferenceParameter="true" xmlns:a="${ADDRESSING}"`))
    .join('');
}

/** An element as text again, with nothing but what was read from it. */
function write({ name, namespace, attributes, children, text }: XmlElement, more = ''): string {
  const own = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const inner = escapeXml(text.trim()) + children.map((one) => write(one)).join('');
  return `<${name} xmlns="${escapeXml(namespace)}"${own.join('')}${more}>${inner}</${name}>`;
}
