import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What stands before a camera may do to a request: answer it, never answer, break its connection, or (undefined) pass it on. */
export type Meddling = (
  operation: string,
  body: string,
) => { status: number; body: string } | 'hang' | 'reset' | undefined;

/** Stands between a client and a camera, at an address of its own: what the camera says is passed on to the letter. */
export class SoapFront {
  meddle: Meddling = () => undefined;
  /** What was asked for, in order, with when. */
  readonly asked: { operation: string; at: number; headers: string; authorization: string | undefined }[] = [];
  readonly #server = createServer((incoming, outgoing) => void this.#pass(incoming, outgoing));
  readonly #sockets = new Set<Socket>();
  readonly #camera: URL;

  private constructor(camera: URL) {
    this.#camera = camera;
  }

  static async open(cameraUrl: string, host = '127.0.0.1', port = 0): Promise<SoapFront> {
    const front = new SoapFront(new URL(cameraUrl));
    front.#server.on('connection', (socket) => {
      front.#sockets.add(socket);
      socket.once('close', () => front.#sockets.delete(socket));
    });
    front.#server.listen(port, host);
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  count(operation: string): number {
    return this.asked.filter((one) => one.operation === operation).length;
  }

  /** Breaks what is under way. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const operation = /Body[^>]*>\s*<(?:[\w.-]+:)?([\w.-]+)/.exec(body)?.[1] ?? '';
    const headers = /Header[^>]*>(.*)<\/(?:[\w.-]+:)?Header>/s.exec(body)?.[1] ?? '';
    this.asked.push({ operation, at: performance.now(), headers, authorization: incoming.headers.authorization });
    const meddled = this.meddle(operation, body);
    if (meddled === 'hang') return;
    if (meddled === 'reset') return void incoming.socket.resetAndDestroy();
    if (meddled)
      return void outgoing.writeHead(meddled.status, { 'Content-Type': 'application/soap+xml' }).end(meddled.body);
    const { hostname, port } = this.#camera;
    const { method, url: path } = incoming;
    const onward = request({ hostname, port, method, path, headers: { ...incoming.headers, connection: 'close' } });
    onward.on('response', (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    onward.end(body);
  }
}

async function text(incoming: IncomingMessage): Promise<string> {
  let body = '';
  incoming.setEncoding('utf8');
  for await (const chunk of incoming) body += chunk;
  return body;
}
