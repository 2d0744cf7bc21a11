import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Heard {
  headers: IncomingMessage['headers'];
  body: string;
}

/** A web server that takes messages, or answers as it is told to. */
export class Hearer {
  readonly heard: Heard[] = [];
  readonly asked: string[] = [];
  /** What is answered next; 200 without. */
  answers: (number | 'hang-up' | 'moved')[] = [];
  readonly #server: Server = createServer(async (request, response) => {
    this.asked.push(request.url!);
    const body = await text(request);
    const answer = this.answers.shift() ?? 200;
    if (answer === 'hang-up') request.socket.destroy();
    else if (answer === 'moved') response.writeHead(302, { location: this.url('/stolen') }).end();
    else response.writeHead(answer).end('thanks');
    if (answer === 200) this.heard.push({ headers: request.headers, body });
  });

  listen = () => new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  url = (path: string) => `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  close = () => new Promise((resolve) => this.#server.close(resolve).closeAllConnections());
}
