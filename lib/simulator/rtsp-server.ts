import { createServer, type Server } from 'node:net';
import { closeListener, openListener } from './listener.js';
import { RtspConnection, type RtspOptions } from './rtsp-connection.js';

/** An RTSP server as a camera has it: RTP over the same TCP connection, Digest sign-in, any number of clients. */
export class RtspServer {
  readonly #options: RtspOptions;
  readonly #connections = new Map<RtspConnection, Promise<void>>();
  #server: Server | undefined;
  #accepted = 0;

  constructor(options: RtspOptions) {
    this.#options = options;
  }

  /** Starts to listen; resolves with the port, which is a free one for 0. */
  async open(host: string, port: number): Promise<number> {
    this.#server = createServer((socket) => {
      this.#accepted++;
      const connection = new RtspConnection(socket, this.#options);
      const ended = connection.run().finally(() => this.#connections.delete(connection));
      this.#connections.set(connection, ended);
    });
    return await openListener(this.#server, host, port);
  }

  /** How many clients are connected, whether they are played to or not. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many clients are being played to. */
  get sessions(): number {
    return [...this.#connections.keys()].filter((connection) => connection.isPlaying).length;
  }

  /** How many connections there ever were. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Closes every connection at once, as a restarting camera does, or those of one stream. New ones are accepted. */
  async drop(path?: string): Promise<void> {
    const all = [...this.#connections].filter(([connection]) => path === undefined || connection.path === path);
    for (const [connection] of all) connection.close();
    await Promise.all(all.map(([, ended]) => ended));
  }

  /** Stops listening and closes every connection. May be opened again. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server ? closeListener(server) : undefined;
    await this.drop();
    await closed;
  }
}
