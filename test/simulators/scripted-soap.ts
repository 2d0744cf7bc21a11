import { createHash } from 'node:crypto';

/** SOAP as text, apart from both the adapter's reading and the simulated camera's, so that neither vouches for itself. */
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

export function fault(code: 'Sender' | 'Receiver', subcode: string, reason: string): string {
  return envelope(
    `<s:Fault><s:Code><s:Value>s:${code}</s:Value><s:Subcode><s:Value>ter:${subcode}</s:Value></s:Subcode></s:Code>` +
      `<s:Reason><s:Text xml:lang="en">${reason}</s:Text></s:Reason></s:Fault>`,
  );
}

/** The local name of the first element in the body; empty where there is none. */
export function operationIn(xml: string): string {
  return /<(?:[\w.-]+:)?Body\b[^>]*>\s*<(?:[\w.-]+:)?([\w.-]+)/.exec(xml)?.[1] ?? '';
}

const WINDOW_MS = 60_000;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Whether a request carries a UsernameToken of this account, made about now (WS-Security UsernameToken 1.0). */
export function isSigned(xml: string, account: { username: string; password: string }, now: number): boolean {
  const text = (name: string) => new RegExp(`<(?:[\\w.-]+:)?${name}\\b[^>]*>([^<]*)<`).exec(xml)?.[1] ?? '';
  const created = text('Created');
  const username = text('Username').replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]!);
  const hash = createHash('sha1')
    .update(Buffer.from(text('Nonce'), 'base64'))
    .update(created);
  const digest = hash.update(account.password, 'utf8').digest('base64');
  return (
    username === account.username && text('Password') === digest && Math.abs(Date.parse(created) - now) < WINDOW_MS
  );
}
