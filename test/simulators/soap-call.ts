import { createHash, randomBytes } from 'node:crypto';
import { SERVICE_NAMESPACES, type ServiceName } from '../../lib/simulator/onvif-service.js';
import { find, parseSoap, type SoapElement } from '../../lib/simulator/soap.js';

export interface SoapSignIn {
  username: string;
  password: string;
  /** Default now. */
  createdMs?: number;
}

export interface SoapReply {
  status: number;
  headers: Headers;
  xml: string;
  /** The element in its body; undefined where it is no SOAP. */
  body: SoapElement | undefined;
  /** Subcodes of its fault, outer first. */
  fault: string[];
}

/** Header with a UsernameToken, as WS-Security has it. */
export function tokenHeader({ username, password, createdMs = Date.now() }: SoapSignIn): string {
  const [nonce, created] = [randomBytes(16), new Date(createdMs).toISOString()];
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return (
    `<w:Security xmlns:w="wsse"><w:UsernameToken><w:Username>${username}</w:Username><w:Password>${digest}</w:Password>` +
    `<w:Nonce>${nonce.toString('base64')}</w:Nonce><w:Created>${created}</w:Created></w:UsernameToken></w:Security>`
  );
}

/** An envelope by hand. `content` is XML in prefixes `q` and `tt`. */
export function soapEnvelope(service: ServiceName, operation: string, content = '', signIn?: SoapSignIn): string {
  return (
    `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema">` +
    `<e:Header>${signIn ? tokenHeader(signIn) : ''}</e:Header><e:Body>` +
    `<q:${operation} xmlns:q="${SERVICE_NAMESPACES[service]}">${content}</q:${operation}></e:Body></e:Envelope>`
  );
}

/** One request by hand, for what no client library would send. */
export async function soapCall(
  url: string | URL,
  service: ServiceName,
  operation: string,
  { content, signIn, headers, signal }: SoapCallOptions = {},
): Promise<SoapReply> {
  const body = soapEnvelope(service, operation, content, signIn);
  const response = await fetch(url, { method: 'POST', body, headers, signal });
  const xml = await response.text();
  const reply = parseSoap(xml);
  return { status: response.status, headers: response.headers, xml, body: reply?.body, fault: subcodes(reply?.body) };
}

function subcodes(fault: SoapElement | undefined): string[] {
  const found: string[] = [];
  for (let code = find(fault, 'Code', 'Subcode'); code; code = find(code, 'Subcode'))
    found.push(find(code, 'Value')!.text.replace(/^.*:/, ''));
  return found;
}

export interface SoapCallOptions {
  content?: string;
  signIn?: SoapSignIn;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}
