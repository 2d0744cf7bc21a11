import { randomUUID } from 'node:crypto';
import type { Cam } from 'onvif';
import type { EnvelopeOptions, Library } from './library.js';
import { child, escapeXml, parseXml, type XmlElement } from './xml.js';

/** What is sent, written anew for each attempt: the signature in it is good for one. */
export interface Message {
  url: URL;
  operation: string;
  action: string;
  /** Default true. */
  signed?: boolean;
  write(options: EnvelopeOptions): string;
}

/** One that the package writes. */
export function libraryMessage(library: Library, url: URL, call: (cam: Cam) => void, media2: boolean): Message {
  const write = (options: EnvelopeOptions) => library.write(call, { ...options, media2 });
  const sample = child(parseXml(write({ signed: false, offsetMs: 0 })), 'Body')?.children[0];
  if (!sample) throw new TypeError('The onvif package wrote no operation');
  return { url, ...namesOf(sample), write };
}

/** One that is given: the operation's element, and headers to go before it. */
export function givenMessage(
  library: Library,
  url: URL,
  given: { url?: string; body: string; action?: string; headers?: string },
): Message {
  const { body, action, headers = '' } = given;
  const names = namesOf(parseXml(body));
  const addressing = action === undefined ? '' : addressingHeaders(action, given.url ?? url.href);
  return {
    url,
    operation: names.operation,
    action: action ?? names.action,
    write: (options) => library.envelope(body, addressing + headers, options),
  };
}

function namesOf({ name, namespace }: XmlElement): { operation: string; action: string } {
  return { operation: name, action: `${namespace}/${name}` };
}

/**
 * WS-Addressing; `a` is declared by the package's envelope. Some servers refuse a `Renew` without a `MessageID`. `to` is as the
 * camera wrote it, wherever we reach it: some find a subscription by that.
 */
function addressingHeaders(action: string, to: string): string {
  return (
    `<a:Action s:mustUnderstand="1">${escapeXml(action)}</a:Action><a:MessageID>urn:uuid:${randomUUID()}</a:MessageID>` +
    '<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>' +
    `<a:To s:mustUnderstand="1">${escapeXml(to)}</a:To>`
  );
}
