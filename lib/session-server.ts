import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A TCP server whose connections are sessions that it waits for. */
export class SessionServer {
  readonly #server: Server;
  readonly #sessions = new Map<Socket, Promise<void>>();

  /** `serve` resolves when the session is over, and never rejects; undefined where the connection is turned away. */
  constructor(serve: (socket: Socket) => Promise<void> | undefined) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      const session = serve(socket);
      if (!session) return;
      this.#sessions.set(socket, session);
      void session.then(() => this.#sessions.delete(socket));
    });
  }

  /** How many go on. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Throws before `listen` has resolved. */
  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** `port` 0: any free one. Rejects with the system's own error. */
  async listen(host: string, port: number): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  /** Serves until aborted, and cuts what goes on then. It has to listen. */
  async run(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await once(signal, 'abort');
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sessions.keys()) socket.destroy();
    await Promise.all([closed, ...this.#sessions.values()]);
  }
}
