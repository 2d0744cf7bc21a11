import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { Faults } from './faults.js';

/** Always with a length: libonvif, the client of the Debian tools, cannot read chunks. */
export function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response
    .writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), Connection: 'close' })
    .end(body);
}

const SOAP = 'application/soap+xml; charset=utf-8';

/** Sends a SOAP reply as it is, or as a fault has it. Resolves when it has left, or the client has gone. */
export async function sendSoap(
  response: ServerResponse,
  status: number,
  xml: string,
  { faults, clock, signal }: { faults: Faults; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const dripMs = faults.get('drip');
  const hugeBytes = faults.get('huge');
  if (faults.has('garbage')) return send(response, 200, SOAP, Buffer.from(GARBAGE, 'latin1'));
  if (faults.has('login-page')) return send(response, 200, 'text/html', LOGIN_PAGE);
  if (hugeBytes !== undefined) return await sendHuge(response, hugeBytes);
  const text = faults.has('doctype') ? xml.replace(/\?>\s*/, `?>${DOCTYPE}`).replace('<s:Body>', '<s:Body>&e9;') : xml;
  if (dripMs !== undefined) return await sendSlowly(response, status, text, { dripMs, clock, signal });
  send(response, status, SOAP, text);
}

const GARBAGE = `\x00\xff\xfe<<s:Envelope><s:Body></s:Envelope>${'\u00a7'.repeat(64)}`;

const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method="post"></form></body></html>';

/** Each entity names the one before it ten times: a billion laughs for who expands them. */
const DOCTYPE = `<!DOCTYPE s [<!ENTITY e0 "ha">${Array.from(
  { length: 9 },
  (_, index) => `<!ENTITY e${index + 1} "${`&e${index};`.repeat(10)}">`,
).join('')}]>`;

async function sendSlowly(
  response: ServerResponse,
  status: number,
  text: string,
  { dripMs, clock, signal }: { dripMs: number; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const bytes = Buffer.from(text);
  response.writeHead(status, { 'Content-Type': SOAP, 'Content-Length': bytes.length, Connection: 'close' });
  for (let at = 0; at < bytes.length && !signal.aborted; at++) {
    response.write(bytes.subarray(at, at + 1));
    await clock.sleep(dripMs, signal);
  }
  response.end();
}

/** Well-formed as far as it goes: one element with very much text in it. */
async function sendHuge(response: ServerResponse, size: number): Promise<void> {
  const head = '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><x>';
  const tail = '</x></s:Body></s:Envelope>';
  const filler = Buffer.alloc(65_536, 'x');
  response.writeHead(200, { 'Content-Type': SOAP, 'Content-Length': head.length + size + tail.length });
  response.write(head);
  for (let left = size; left > 0 && !response.destroyed; left -= filler.length) {
    if (response.write(filler.subarray(0, Math.min(left, filler.length)))) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        response.off('drain', go).off('close', go);
        resolve();
      };
      response.once('drain', go).once('close', go);
    });
  }
  response.end(tail);
}
