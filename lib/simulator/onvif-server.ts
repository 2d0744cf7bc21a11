import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Certificate } from './certificate.js';
import type { Conduct } from './conduct.js';
import { closeListener, openListener } from './listener.js';
import { ChallengeNeeded, OnvifDispatch } from './onvif-dispatch.js';
import { send, sendSoap } from './onvif-send.js';
import type { Device, Reply } from './onvif-service.js';
import { SERVICES } from './onvif-services.js';
import { HttpSignIn } from './onvif-sign-in.js';
import { parseSoap, type SoapRequest } from './soap.js';
import { envelope, SoapFault } from './soap-reply.js';

export interface OnvifServerOptions {
  device: Device;
  conduct: Conduct;
  /** The JPEG of this moment. */
  snapshot(): Buffer;
}

const MAX_REQUEST = 65_536;

/** A camera's web server: its ONVIF services and its snapshot, over HTTP and, with a certificate, HTTPS. */
export class OnvifServer {
  readonly #options: OnvifServerOptions;
  readonly #servers: Server[] = [];
  #signIn: HttpSignIn;
  #dispatch: OnvifDispatch | undefined;
  #down = new AbortController();

  constructor(options: OnvifServerOptions) {
    this.#options = options;
    this.#signIn = this.#newSignIn();
  }

  /** Starts to listen, with new services; resolves with the port, which is a free one for 0. */
  async open(host: string, port: number): Promise<number> {
    this.#down = new AbortController();
    this.#signIn = this.#newSignIn();
    const { device } = this.#options;
    const services = SERVICES.map((factory) => factory(device)).filter(({ name }) => device.persona.services[name]);
    this.#dispatch = new OnvifDispatch(device, services, this.#signIn);
    return await this.#listen(createServer(this.#handler('http')), host, port);
  }

  /** Listens for HTTPS as well. */
  async openSecure(host: string, port: number, { key, cert }: Certificate): Promise<number> {
    return await this.#listen(createSecureServer({ key, cert }, this.#handler('https')), host, port);
  }

  async close(): Promise<void> {
    this.#down.abort();
    this.#dispatch?.close();
    const servers = this.#servers.splice(0);
    const closed = servers.map((server) => closeListener(server));
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  async #listen(server: Server, host: string, port: number): Promise<number> {
    const opened = await openListener(server, host, port);
    this.#servers.push(server);
    return opened;
  }

  #newSignIn(): HttpSignIn {
    const { persona, identity, settings: accounts, clock, faults } = this.#options.device;
    const nonceMs = () => faults.get('nonce-expiry');
    return new HttpSignIn({ realm: persona.realmOf(identity), accounts, clock, nonceMs });
  }

  #handler(scheme: 'http' | 'https') {
    return (request: IncomingMessage, response: ServerResponse) => void this.#handle(scheme, request, response);
  }

  async #handle(scheme: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { device, conduct } = this.#options;
    try {
      const body = await readBody(request);
      if (conduct.fault === 'silent' || device.faults.has('stalled')) return;
      const path = request.url ?? '/';
      const { localAddress, localPort } = request.socket;
      const origin = `${scheme}://${localAddress?.replace('::ffff:', '')}:${localPort}`;
      if (request.method === 'GET' && path === device.persona.snapshot?.path) this.#sendSnapshot(request, response);
      else if (request.method === 'POST' && this.#dispatch?.knows(path))
        await this.#answer(request, response, { request: parseSoap(body), path, origin });
      else send(response, 404, 'text/plain', 'Not Found');
    } catch {
      // The client went away, or sent more than any request needs.
      response.destroy();
    }
  }

  async #answer(
    http: IncomingMessage,
    response: ServerResponse,
    { request, path, origin }: { request: SoapRequest | undefined; path: string; origin: string },
  ): Promise<void> {
    const { device } = this.#options;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#down.signal]);
    let [status, xml] = [200, ''];
    try {
      if (!request) throw new SoapFault('Sender', ['WellFormed'], 'Not a SOAP envelope');
      const credentials = { method: 'POST', uri: path, authorization: http.headers.authorization };
      const refuseAll = this.#options.conduct.fault === 'sign-in-refused';
      xml = seal(await this.#dispatch!.answer({ request, path, origin, signal }, credentials, refuseAll));
    } catch (error) {
      if (error instanceof ChallengeNeeded) return this.#challenge(http, response);
      if (!(error instanceof SoapFault)) throw error;
      [status, xml] = [error.status, error.toXml()];
    }
    if (!signal.aborted) await sendSoap(response, status, xml, { faults: device.faults, clock: device.clock, signal });
  }

  #challenge({ headers }: IncomingMessage, response: ServerResponse): void {
    const { digest } = this.#options.device.persona.signIn;
    const lines = this.#signIn.challenges(digest.length > 0 ? digest : ['MD5'], { refused: headers.authorization });
    response.setHeader('WWW-Authenticate', lines);
    send(response, 401, 'text/plain', 'Unauthorized');
  }

  #sendSnapshot(request: IncomingMessage, response: ServerResponse): void {
    const { device, conduct, snapshot } = this.#options;
    const { path, signIn } = device.persona.snapshot!;
    const { authorization } = request.headers;
    const owner =
      signIn === 'basic'
        ? this.#signIn.basicOwner(authorization)
        : this.#signIn.digestOwner(authorization, 'GET', path);
    if ((owner || signIn === 'none') && conduct.fault !== 'sign-in-refused') {
      const whole = device.faults.has('empty-snapshot') ? Buffer.alloc(0) : snapshot();
      const half = device.faults.has('cut-snapshot') ? whole.subarray(0, whole.length >> 1) : whole;
      send(response, 200, 'image/jpeg', half);
      return;
    }
    const basic = signIn === 'basic';
    const lines = this.#signIn.challenges(basic ? [] : ['MD5'], { basic, refused: authorization });
    response.setHeader('WWW-Authenticate', lines);
    send(response, 401, 'text/plain', 'Unauthorized');
  }
}

function seal(reply: Reply): string {
  return typeof reply === 'string' ? envelope(reply) : envelope(reply.body, reply.header);
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
