import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { Refusal } from './replies.js';

/** One passive data connection: a port that is open for one client, which must prove to be that of the control connection. */
export class PassiveData {
  readonly #server: Server;
  readonly #accepted: Promise<Socket>;
  #raw: Socket | undefined;
  #settle!: (socket: Socket) => void;
  #fail!: (error: Error) => void;

  private constructor(context: SecureContext) {
    this.#accepted = new Promise<Socket>((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
    // Nobody may come to use it.
    this.#accepted.catch(() => undefined);
    this.#server = createServer((socket) => this.#take(socket, context));
  }

  static async open(host: string, context: SecureContext): Promise<PassiveData> {
    const data = new PassiveData(context);
    data.#server.listen(0, host);
    await once(data.#server, 'listening');
    return data;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection, once its TLS session turned out to be that of the control connection. Rejects with a `Refusal` otherwise. */
  socket(): Promise<Socket> {
    return this.#accepted;
  }

  close(): void {
    this.#server.close();
    this.#raw?.destroy();
    this.#fail(new Refusal('FAILURE', 'No data connection was made'));
  }

  #take(raw: Socket, context: SecureContext): void {
    this.#raw = raw;
    this.#server.close();
    // What went wrong is told by whoever reads or writes.
    raw.on('error', () => undefined);
    const secure = new TLSSocket(raw, { isServer: true, secureContext: context });
    secure.on('error', (error) => this.#fail(error));
    secure.once('close', () => this.#fail(new Refusal('FAILURE', 'The data connection was closed')));
    secure.once('secure', () => {
      if (secure.isSessionReused()) return this.#settle(secure);
      secure.destroy();
      this.#fail(new Refusal('FAILURE', 'TLS session of data connection has not resumed'));
    });
  }
}
