import { uuidIn } from './identity.js';
import { child, children, escapeXml, parseXml, textAt, type XmlElement } from './xml.js';

/** What one device says in a datagram, as it stands there. */
export interface Announcement {
  /** Of its endpoint reference, in lower case. */
  uuid: string | undefined;
  /** Without prefixes: `NetworkVideoTransmitter`. */
  types: readonly string[];
  scopes: readonly string[];
  /** HTTP addresses of its device service. */
  xaddrs: readonly string[];
}

export interface Datagram {
  /** Of the probe it answers; undefined where the device tells none, or nothing like one. */
  relatesTo: string | undefined;
  /** Several devices may share a datagram. */
  announcements: readonly Announcement[];
}

/** What cameras are asked for by: one word for each probe, since a probe for two wants devices that are both. */
export type ProbeType = 'dn:NetworkVideoTransmitter' | 'tds:Device';

const NAMESPACES = [
  's="http://www.w3.org/2003/05/soap-envelope"',
  'a="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
  'd="http://schemas.xmlsoap.org/ws/2005/04/discovery"',
  'dn="http://www.onvif.org/ver10/network/wsdl"',
  'tds="http://www.onvif.org/ver10/device/wsdl"',
]
  .map((one) => `xmlns:${one}`)
  .join(' ');

/** WS-Discovery of April 2005, which is ONVIF's. */
export function probe(uuid: string, type: ProbeType): Buffer {
  const action = 'http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe';
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope ${NAMESPACES}><s:Header><a:Action s:mustUnderstand="1">${action}</a:Action>` +
      `<a:MessageID>urn:uuid:${escapeXml(uuid)}</a:MessageID><a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>` +
      '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>' +
      `<s:Body><d:Probe><d:Types>${type}</d:Types></d:Probe></s:Body></s:Envelope>`,
  );
}

/** Reads a `ProbeMatches` or a `Hello`; undefined for other honest messages, such as the probes of others. Throws `xml-invalid`. */
export function readDatagram(packet: Buffer): Datagram | undefined {
  const envelope = parseXml(packet);
  const message = child(envelope, 'Body')?.children[0];
  const found =
    message?.name === 'ProbeMatches' || message?.name === 'ResolveMatches'
      ? message.children.filter(({ name }) => name === 'ProbeMatch' || name === 'ResolveMatch')
      : message?.name === 'Hello'
        ? [message]
        : undefined;
  if (!found) return undefined;
  return {
    relatesTo: uuidIn(textAt(envelope, 'Header', 'RelatesTo') ?? ''),
    announcements: found.map(announcementOf).filter(isCamera),
  };
}

function announcementOf(match: XmlElement): Announcement {
  return {
    uuid: uuidIn(textAt(match, 'EndpointReference', 'Address') ?? ''),
    types: words(match, 'Types').map((type) => type.replace(/^.*:/, '')),
    scopes: words(match, 'Scopes').slice(0, MAX_WORDS),
    xaddrs: words(match, 'XAddrs')
      .filter((address) => /^https?:\/\/./i.test(address))
      .slice(0, MAX_WORDS),
  };
}

/** More is nonsense that would be kept. */
const MAX_WORDS = 64;

/** Lists are separated by any blanks, and begin with one at some makers. */
function words(match: XmlElement, name: string): string[] {
  return children(match, name).flatMap((one) => one.text.split(/\s+/).filter(Boolean));
}

/** Printers and Windows machines speak the same protocol. One sign is enough, since each of them is missing somewhere. */
function isCamera({ types, scopes, xaddrs }: Announcement): boolean {
  return (
    types.includes('NetworkVideoTransmitter') ||
    scopes.some((scope) => /^onvif:\/\//i.test(scope)) ||
    xaddrs.some((address) => /onvif/i.test(address)) ||
    (types.length === 0 && scopes.length === 0)
  );
}
