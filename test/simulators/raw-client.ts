import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection that sends what it is told, byte for byte, and reads only as much as it is told. */
export class RawClient {
  #received = Buffer.alloc(0);

  private constructor(readonly socket: Socket) {
    // A server that breaks the connection is part of what is tested; `closed` tells of it.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
  }

  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(...lines: string[]): void {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#received.toString('latin1');
  }

  /** Waits for the first bytes of an answer, then reads no more. */
  async stall(): Promise<string> {
    while (this.#received.length === 0) await once(this.socket, 'data');
    this.socket.pause();
    return this.#received.toString('latin1');
  }
}
