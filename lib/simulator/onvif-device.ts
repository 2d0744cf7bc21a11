import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { Conduct } from './conduct.js';
import { type Account, authorised, challenge } from './digest.js';
import { closeListener, openListener } from './listener.js';
import { DEVICE_REPLIES } from './onvif-device-replies.js';
import type { OnvifIdentity, OnvifProfile } from './onvif-identity.js';
import { MEDIA_REPLIES } from './onvif-media-replies.js';
import { envelope, fault, parseSoap, type SoapRequest, tokenIsValid } from './soap.js';

export interface OnvifDeviceOptions {
  identity: OnvifIdentity;
  account: Account;
  clock: Clock;
  conduct: Conduct;
  profiles: readonly OnvifProfile[];
  /** The JPEG of this moment. */
  snapshot(): Buffer;
}

export const DEVICE_PATH = '/onvif/device_service';
const MEDIA_PATH = '/onvif/media_service';
const SNAPSHOT_PATH = '/snapshot.jpg';

const MAX_REQUEST = 65_536;

/** ONVIF device and media services over HTTP, with WS-Security UsernameToken, and a snapshot behind HTTP Digest. */
export class OnvifDevice {
  readonly #options: OnvifDeviceOptions;
  readonly #nonce = randomBytes(16).toString('hex');
  #server: Server | undefined;

  constructor(options: OnvifDeviceOptions) {
    this.#options = options;
  }

  /** Starts to listen; resolves with the port, which is a free one for 0. */
  async open(host: string, port: number): Promise<number> {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    return await openListener(this.#server, host, port);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = closeListener(server);
    server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      if (this.#options.conduct.fault === 'silent') return;
      if (request.method === 'GET' && request.url === SNAPSHOT_PATH) this.#sendSnapshot(request, response);
      else if (request.method === 'POST') this.#sendSoap(request, response, parseSoap(body));
      else send(response, 404, 'text/plain', 'Not Found');
    } catch {
      // The client went away, or sent more than any request needs.
      response.destroy();
    }
  }

  #sendSoap(http: IncomingMessage, response: ServerResponse, request: SoapRequest | undefined): void {
    const [status, xml] = this.#answer(request, http.headers.host ?? '');
    send(response, status, 'application/soap+xml; charset=utf-8', xml);
  }

  #answer(request: SoapRequest | undefined, host: string): [status: number, xml: string] {
    const { account, clock, conduct } = this.#options;
    if (!request) return [400, fault('Sender', 'WellFormed', 'Not a SOAP envelope')];
    // Asked before signing in, because the sign-in carries the time.
    const open = request.operation === 'GetSystemDateAndTime';
    const allowed = conduct.fault !== 'sign-in-refused' && tokenIsValid(request, account, clock.now());
    if (!open && !allowed) return [400, fault('Sender', 'NotAuthorized', 'Sender not authorized')];
    const reply = this.#reply(request, host);
    if (reply === undefined) return [500, fault('Receiver', 'ActionNotSupported', 'Optional Action Not Implemented')];
    if (reply === '') return [400, fault('Sender', 'InvalidArgVal', 'No such profile or configuration')];
    return [200, envelope(reply)];
  }

  /** Undefined for an operation there is none of; empty if it names something that does not exist. */
  #reply(request: SoapRequest, host: string): string | undefined {
    const { identity, clock, profiles } = this.#options;
    const url = (path: string) => `http://${host}${path}`;
    const address = host.replace(/:\d+$/, '');
    const facts = { identity, address, now: clock.now(), deviceUrl: url(DEVICE_PATH), mediaUrl: url(MEDIA_PATH) };
    const device = Object.hasOwn(DEVICE_REPLIES, request.operation) && DEVICE_REPLIES[request.operation];
    if (device) return device(facts);
    const media = Object.hasOwn(MEDIA_REPLIES, request.operation) && MEDIA_REPLIES[request.operation];
    return media ? (media({ request, profiles, snapshotUrl: url(SNAPSHOT_PATH) }) ?? '') : undefined;
  }

  #sendSnapshot(request: IncomingMessage, response: ServerResponse): void {
    const { identity, account, conduct, snapshot } = this.#options;
    const asked = { method: 'GET', uri: SNAPSHOT_PATH };
    const allowed = authorised(request.headers.authorization, asked, identity.name, this.#nonce, account);
    if (allowed && conduct.fault !== 'sign-in-refused') {
      send(response, 200, 'image/jpeg', snapshot());
      return;
    }
    response.setHeader('WWW-Authenticate', challenge(identity.name, this.#nonce, true));
    send(response, 401, 'text/plain', 'Unauthorized');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST) throw new RangeError('request too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Always with a length: libonvif, the client of the Debian tools, cannot read chunks. */
function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response
    .writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), Connection: 'close' })
    .end(body);
}
