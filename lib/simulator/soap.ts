import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account } from './digest.js';

/**
 * Just enough SOAP for a camera: requests are looked through by local names, whatever their prefixes, and replies are
 * text. Nothing is expanded or nested, so a hostile request costs no more than its length.
 */
export interface SoapRequest {
  /** The local name of the first element in the body. */
  operation: string;
  /** The text of the first element with this local name. */
  text(name: string): string | undefined;
}

export function parseSoap(xml: string): SoapRequest | undefined {
  const operation = /<(?:[\w.-]+:)?Body\b[^>]*>\s*<(?:[\w.-]+:)?([\w.-]+)/.exec(xml)?.[1];
  if (!operation) return undefined;
  const text = (name: string) => {
    const found = new RegExp(`<(?:[\\w.-]+:)?${name}\\b[^>]*>([^<]*)<`).exec(xml)?.[1];
    return found === undefined ? undefined : unescapeXml(found.trim());
  };
  return { operation, text };
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]!);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A `Created` further off than this is refused, as cameras with replay protection do (WS-Security UsernameToken 1.0). */
export const TOKEN_WINDOW_MS = 60_000;

/** Checks the UsernameToken: user, digest, and that it was made about now. Plain-text passwords are refused. */
export function tokenIsValid(request: SoapRequest, account: Account, now: number): boolean {
  const [nonce, created, digest] = [request.text('Nonce'), request.text('Created'), request.text('Password')];
  if (!nonce || !created || !digest || request.text('Username') !== account.username) return false;
  if (!(Math.abs(Date.parse(created) - now) <= TOKEN_WINDOW_MS)) return false;
  const hash = createHash('sha1').update(Buffer.from(nonce, 'base64')).update(created).update(account.password, 'utf8');
  const expected = Buffer.from(hash.digest('base64'));
  const given = Buffer.from(digest);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const NAMESPACES = [
  's="http://www.w3.org/2003/05/soap-envelope"',
  'tds="http://www.onvif.org/ver10/device/wsdl"',
  'trt="http://www.onvif.org/ver10/media/wsdl"',
  'tt="http://www.onvif.org/ver10/schema"',
  'ter="http://www.onvif.org/ver10/error"',
]
  .map((one) => `xmlns:${one}`)
  .join(' ');

export function envelope(body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope ${NAMESPACES}><s:Body>${body}</s:Body></s:Envelope>`;
}

/** A fault as the ONVIF core specification has them: a SOAP code with an ONVIF subcode. */
export function fault(code: 'Sender' | 'Receiver', subcode: string, reason: string): string {
  return envelope(
    `<s:Fault><s:Code><s:Value>s:${code}</s:Value><s:Subcode><s:Value>ter:${subcode}</s:Value></s:Subcode></s:Code>` +
      `<s:Reason><s:Text xml:lang="en">${escapeXml(reason)}</s:Text></s:Reason></s:Fault>`,
  );
}
