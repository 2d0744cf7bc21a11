import type { Failure } from '../errors.js';
import { notOnvifFailure, SoapFault, signInFailure, statusFailure } from './failures.js';
import type { HttpReply } from './http.js';
import { child, children, parseXml, textAt, type XmlElement } from './xml.js';

export interface Asked {
  /** Who was asked, in messages. */
  name: string;
  username: string | undefined;
  /** The operation, e.g. `GetProfiles`. */
  operation: string;
}

/** The element inside the body of a reply. Throws what else it is: a fault, a refusal, or no SOAP at all. */
export function readReply(reply: HttpReply, asked: Asked): XmlElement {
  const { name, username, operation } = asked;
  if (!looksLikeSoap(reply.body)) throw notSoap(reply, asked);
  const envelope = parseXml(reply.body);
  const body = envelope.name === 'Envelope' ? child(envelope, 'Body') : undefined;
  const [answer] = body?.children ?? [];
  if (!answer) throw notOnvifFailure(name, `answered ${operation} with <${envelope.name}> and nothing in it`);
  if (answer.name !== 'Fault') return answer;
  const fault = faultOf(answer);
  if (reply.status === 401 || isRefusal(fault)) throw signInFailure(name, username, operation);
  throw new SoapFault(name, { ...fault, reason: `${operation}: ${fault.reason || fault.subcode}` });
}

function looksLikeSoap(body: Buffer): boolean {
  const start = body.toString('latin1', 0, 2048);
  return /<\s*(?:[\w.-]+:)?Envelope[\s>]/i.test(start) || /^[^<]{0,16}<\?xml/.test(start);
}

function notSoap({ status, location, body }: HttpReply, { name, username, operation }: Asked): Failure {
  if (status === 401 || status === 403) return signInFailure(name, username, operation);
  if (status >= 300 && status < 400) return notOnvifFailure(name, `redirects to ${JSON.stringify(location ?? '')}`);
  if (status >= 500) return statusFailure(name, operation, status);
  const what = body.length === 0 ? 'an empty reply' : 'something that is not SOAP';
  return notOnvifFailure(name, `answered ${operation} with ${what} (HTTP status ${status})`);
}

interface Fault {
  subcode: string;
  reason: string;
  /** Whether it is about our request, so that sending it again cannot help. */
  isOurs: boolean;
}

/** SOAP 1.2, and 1.1 as some old firmware has it. */
function faultOf(fault: XmlElement): Fault {
  const codes: string[] = [];
  for (let code = child(fault, 'Code'); code; code = child(code, 'Subcode')) codes.push(textAt(code, 'Value') ?? '');
  codes.push(textAt(fault, 'faultcode') ?? '');
  const known = codes.map((code) => code.replace(/^.*:/, '')).filter(Boolean);
  const reason = textAt(fault, 'Reason', 'Text') ?? textAt(fault, 'faultstring') ?? '';
  const detail = children(fault, 'Detail').flatMap((one) => [one.text, ...one.children.map(({ text }) => text)]);
  return {
    subcode: known.at(-1) ?? 'Unknown',
    reason: [reason, ...detail.map((text) => text.trim())].filter(Boolean).join(': ').slice(0, 300),
    isOurs: /^(Sender|Client)$/.test(known[0] ?? ''),
  };
}

/**
 * Vendors agree on the meaning, not on the code: `ter:NotAuthorized`, `wsse:FailedAuthentication`, or only words, as Dahua's
 * "Wsse authorized time check failed".
 */
function isRefusal({ subcode, reason }: Fault): boolean {
  if (/^(NotAuthorized|FailedAuthentication|InvalidSecurity|InvalidSecurityToken)$/i.test(subcode)) return true;
  return /not\s*authori[sz]ed|unauthori[sz]ed|authentication fail|wsse authori[sz]ed|time check failed/i.test(reason);
}
