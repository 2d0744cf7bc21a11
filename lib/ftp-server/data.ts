import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../clock.js';
import { Refusal } from './refusal.js';

/** How long a data connection may take to come about. */
const CONNECT_MS = 30_000;

/** One data connection, to or from the client's own address and nobody else's. */
export interface DataChannel {
  /** Rejects with a `Refusal`. `context`: to be encrypted. */
  socket(context: SecureContext | undefined): Promise<Socket>;
  close(): void;
}

/** A port that is open for one connection of one client. */
export class PassiveChannel implements DataChannel {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #given = new AbortController();
  #socket: Socket | undefined;

  private constructor(peer: string, clock: Clock) {
    this.#clock = clock;
    this.#server = createServer((socket) => {
      if (this.#socket || plainAddress(socket.remoteAddress ?? '') !== peer) return void socket.destroy();
      // What goes wrong is told by whoever reads or writes.
      socket.on('error', () => undefined);
      this.#socket = socket;
      this.#server.close();
      this.#given.abort();
    });
    // A port that fails later has no client any more.
    this.#server.on('error', () => undefined);
  }

  /** Throws a `Refusal` where no port of `ports` is free. */
  static async open(
    host: string,
    ports: readonly [number, number] | undefined,
    peer: string,
    clock: Clock,
  ): Promise<PassiveChannel> {
    const [first, last] = ports ?? [0, 0];
    const count = last - first + 1;
    const offset = Math.floor(Math.random() * count);
    for (let n = 0; n < count; n++) {
      const channel = new PassiveChannel(peer, clock);
      channel.#server.listen(first + ((offset + n) % count), host);
      if (
        await once(channel.#server, 'listening').then(
          () => true,
          () => false,
        )
      )
        return channel;
    }
    throw new Refusal(425, 'No port is free');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async socket(context: SecureContext | undefined): Promise<Socket> {
    await this.#clock.sleep(CONNECT_MS, this.#given.signal);
    if (!this.#socket) throw new Refusal(425, 'No data connection was made');
    return context ? secured(this.#socket, context, this.#clock) : this.#socket;
  }

  close(): void {
    this.#given.abort();
    this.#server.close();
    this.#socket?.destroy();
  }
}

/** A connection to a port of the client. */
export class ActiveChannel implements DataChannel {
  readonly #host: string;
  readonly #port: number;
  readonly #clock: Clock;
  #socket: Socket | undefined;

  constructor(host: string, port: number, clock: Clock) {
    this.#host = host;
    this.#port = port;
    this.#clock = clock;
  }

  async socket(context: SecureContext | undefined): Promise<Socket> {
    const socket = connect({ host: this.#host, port: this.#port });
    this.#socket = socket;
    socket.on('error', () => undefined);
    if (!(await happens(socket, 'connect', this.#clock))) throw new Refusal(425, 'No data connection was made');
    return context ? secured(socket, context, this.#clock) : socket;
  }

  close(): void {
    this.#socket?.destroy();
  }
}

async function secured(raw: Socket, context: SecureContext, clock: Clock): Promise<Socket> {
  const secure = new TLSSocket(raw, { isServer: true, secureContext: context });
  secure.on('error', () => raw.destroy());
  if (!(await happens(secure, 'secure', clock))) throw new Refusal(425, 'The data connection was not encrypted');
  return secure;
}

async function happens(socket: Socket, name: string, clock: Clock): Promise<boolean> {
  const done = new AbortController();
  const over = () => done.abort();
  let hasHappened = false;
  socket.once(name, () => {
    hasHappened = true;
    over();
  });
  socket.once('close', over);
  await clock.sleep(CONNECT_MS, done.signal);
  socket.off('close', over);
  if (!hasHappened) socket.destroy();
  return hasHappened;
}

/** `::ffff:192.168.1.4` is 192.168.1.4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:/i, '');
}
