import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

/** What a client asked for. */
export interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
}

export interface Answer {
  status?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Sent as it is, instead of a reply. */
  raw?: Buffer | string;
  /** Sent right behind the reply. */
  then?: Buffer;
}

/** Answers one request; undefined for no answer at all. */
export type Script = (asked: Asked, server: ScriptedRtsp) => Answer | undefined;

export const H264_SDP = [
  'v=0',
  's=scripted',
  'a=control:*',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHtoCgL/lwFqAgICgAAADACAAAAeB4wZw,aM4PyA==',
  'a=control:track1',
  '',
].join('\r\n');

/** What any camera answers. */
export function ordinary(asked: Asked, sdp = H264_SDP): Answer {
  if (asked.method === 'OPTIONS')
    return { headers: { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN' } };
  if (asked.method === 'DESCRIBE') return { headers: { 'Content-Type': 'application/sdp' }, body: sdp };
  const session = { Session: 'abc;timeout=60' };
  if (asked.method !== 'SETUP') return { headers: session };
  return { headers: { ...session, Transport: asked.headers.transport! } };
}

/** An RTSP server on a real socket that answers as it is told, and sends whatever it is given: what no camera should do, and some do. */
export class ScriptedRtsp {
  readonly asked: Asked[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #script: Script;

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: Script): Promise<ScriptedRtsp> {
    const one = new ScriptedRtsp(script);
    one.#server.listen(0, '127.0.0.1');
    await once(one.#server, 'listening');
    return one;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/live`;
  }

  get methods(): string[] {
    return this.asked.map(({ method }) => method);
  }

  /** Sends to every client. */
  send(bytes: Buffer | string): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Says that nothing more comes, after all that was sent. */
  endAll(): void {
    for (const socket of this.sockets) socket.end();
  }

  async stop(): Promise<void> {
    this.hangUp();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // The client may end the connection whenever it likes.
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    let text = '';
    socket.on('data', (chunk) => {
      // Receiver reports come between requests; they begin with a dollar and hold no empty line.
      text += chunk.toString('latin1').replace(/^\$[\s\S]{3}[\s\S]*?(?=[A-Z_]{4,} rtsp|$)/, '');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        this.#answer(socket, text.slice(0, end));
        text = text.slice(end + 4);
      }
    });
  }

  #answer(socket: Socket, head: string): void {
    const [first, ...lines] = head.split('\r\n');
    const [method = '', url = ''] = first!.split(' ');
    const pairs = lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]);
    const asked = { method, url, headers: Object.fromEntries(pairs) as Record<string, string> };
    this.asked.push(asked);
    const answer = this.#script(asked, this);
    if (!answer) return;
    if (answer.raw !== undefined) socket.write(answer.raw);
    else socket.write(format(answer, asked.headers.cseq!));
    if (answer.then) socket.write(answer.then);
  }
}

function format({ status = '200 OK', headers = {}, body = '' }: Answer, sequence: string): string {
  const all = { CSeq: sequence, ...headers, ...(body ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `${[`RTSP/1.0 ${status}`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}
