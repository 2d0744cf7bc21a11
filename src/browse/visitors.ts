import type { Server } from 'node:http';
import type { Socket } from 'node:net';

interface Visitor {
  socket: Socket;
  address: string;
  /** Somebody who may look has asked for something on this connection. */
  isKnown: boolean;
  /** Requests that are being answered. */
  answering: number;
}

/** More strangers than this from one address are a crowd: a browser opens six connections at once. */
const CROWD = 16;

/**
 * Bounds how many connections are open, and lets nobody in front of the door keep others out: where it is full, a newcomer takes the
 * place of a stranger, of whichever address has a crowd of them first, the oldest first; then of somebody known who waits. Whoever is
 * known and being answered stays.
 */
export class Visitors {
  readonly #most: number;
  /** By when they came. */
  readonly #all = new Map<Socket, Visitor>();

  constructor(most: number) {
    this.#most = most;
  }

  watch(server: Server): void {
    server.on('connection', (socket) => this.#enter(socket));
    // Before the request is answered.
    server.prependListener('request', ({ socket }, response) => {
      const visitor = this.#all.get(socket);
      if (!visitor) return;
      visitor.answering++;
      response.once('close', () => visitor.answering--);
    });
  }

  /** Whoever sends requests on this connection may look. */
  know(socket: Socket): void {
    const visitor = this.#all.get(socket);
    if (visitor) visitor.isKnown = true;
  }

  #enter(socket: Socket): void {
    const visitor = { socket, address: socket.remoteAddress ?? '', isKnown: false, answering: 0 };
    this.#all.set(socket, visitor);
    socket.once('close', () => this.#all.delete(socket));
    if (this.#all.size > this.#most) this.#leave(this.#leastWelcome(visitor));
  }

  /** Its place is free at once, though the connection may take a moment to be closed. */
  #leave({ socket }: Visitor): void {
    this.#all.delete(socket);
    socket.destroy();
  }

  #leastWelcome(newcomer: Visitor): Visitor {
    const others = [...this.#all.values()].filter((one) => one !== newcomer);
    const strangers = others.filter((one) => !one.isKnown);
    const crowds = new Map<string, Visitor[]>();
    for (const one of strangers) {
      const crowd = crowds.get(one.address);
      if (crowd) crowd.push(one);
      else crowds.set(one.address, [one]);
    }
    const [largest = []] = [...crowds.values()].sort((a, b) => b.length - a.length);
    const first = largest.length > CROWD ? largest[0] : strangers[0];
    return first ?? others.find((one) => one.answering === 0) ?? newcomer;
  }
}
