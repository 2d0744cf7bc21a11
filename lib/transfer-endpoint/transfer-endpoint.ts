import { once, setMaxListeners } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import type { Clock } from '../clock.js';
import { Failure, messageOf } from '../errors.js';
import type { Service } from '../service.js';
import { ALGORITHMS, DEFAULT_BEHAVIOUR, type EndpointBehaviour, IDENT } from './behaviour.js';
import { ClientConnection, type Surroundings } from './client-connection.js';
import type { EndpointEvent } from './events.js';
import { EndpointFaults } from './faults.js';
import { hostKeyFingerprint } from './host-key.js';
import { IdentityProvider, type IdentityProviderOptions } from './identity-provider.js';
import type { ObjectStore } from './object-store.js';
import { type EndpointUser, Users } from './users.js';

export interface TransferEndpointOptions {
  store: ObjectStore;
  /** @default none */
  users?: readonly EndpointUser[];
  /** Decides instead of `users`. @default they do */
  identityProvider?: IdentityProviderOptions;
  /** PEM or OpenSSH private key; `generateHostKey` makes one. */
  hostKey: string;
  /** @default '127.0.0.1' */
  host?: string;
  /** @default 0, any free one */
  port?: number;
  clock: Clock;
  onEvent?: (event: EndpointEvent) => void;
  /** Things to go wrong, changeable while it runs. @default none */
  faults?: EndpointFaults;
  /** @default DEFAULT_BEHAVIOUR */
  behaviour?: Partial<EndpointBehaviour>;
}

/** AWS answers unresponsive clients with a cut after 300 s. */
const KEEPALIVE_MS = 60_000;
const KEEPALIVES_MISSED = 5;

/**
 * An SFTP server that behaves like AWS Transfer Family over S3, strictly: what Transfer refuses or may get wrong is refused
 * or gone wrong here, so that an uploader which works with it works there. Objects go to any `ObjectStore`.
 */
export class TransferEndpoint implements Service {
  readonly name = 'transfer-endpoint';
  readonly fingerprint: string;
  readonly #options: TransferEndpointOptions;
  readonly #around: Surroundings;
  readonly #ssh: ssh2.Server;
  readonly #server: NetServer;
  #address: { host: string; port: number } | undefined;
  readonly #stop = new AbortController();
  /** Connections that have not sent their greeting yet, by address and port of the client. */
  readonly #fresh = new Map<string, Fresh>();
  readonly #connections = new Set<Promise<void>>();
  readonly #started = new AbortController();

  /** Throws `host-key-invalid` or `user-invalid`. */
  constructor(options: TransferEndpointOptions) {
    this.#options = options;
    // One for every connection.
    setMaxListeners(0, this.#stop.signal, this.#started.signal);
    this.fingerprint = hostKeyFingerprint(options.hostKey);
    this.#around = {
      store: options.store,
      identity: options.identityProvider
        ? new IdentityProvider(options.identityProvider)
        : new Users(options.users ?? []),
      behaviour: { ...DEFAULT_BEHAVIOUR, ...options.behaviour },
      clock: options.clock,
      faults: options.faults ?? new EndpointFaults(),
      emit: options.onEvent ?? (() => undefined),
    };
    this.#ssh = new ssh2.Server({
      hostKeys: [options.hostKey],
      ident: IDENT,
      algorithms: { cipher: [...ALGORITHMS.cipher], hmac: [...ALGORITHMS.hmac] },
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES_MISSED,
    });
    this.#ssh.on('connection', (client, { ip, port }) => this.#serve(client, `${ip} ${port}`));
    this.#server = createServer({ noDelay: true }, (socket) => void this.#welcome(socket));
  }

  /** Throws before `listen` has resolved. */
  get address(): { host: string; port: number } {
    if (!this.#address) throw new Error('The endpoint does not listen yet');
    return this.#address;
  }

  /** Binds the address; clients that come before `run` wait. Rejects with `cannot-listen`. */
  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening');
      const { address, port: bound } = this.#server.address() as AddressInfo;
      this.#address = { host: address, port: bound };
    } catch (cause) {
      throw new Failure(`Cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
        kind: 'permanent',
        code: 'cannot-listen',
        hint: 'Choose another port.',
        cause,
      });
    }
  }

  /** Serves until aborted; then uploads under way end as if their connections had been cut. The store stays open. */
  async run(signal: AbortSignal): Promise<void> {
    if (!this.#server.listening) await this.listen();
    const failed = once(this.#server, 'error', { signal: this.#stop.signal });
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#started.abort();
    try {
      await Promise.race([stopped, failed.then(([error]) => Promise.reject(error))]);
    } finally {
      await this.#close();
      // Rejected by our own stop.
      await failed.catch(() => undefined);
    }
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#stop.abort();
    for (const { socket } of this.#fresh.values()) socket.destroy();
    await Promise.all([closed, ...this.#connections]);
  }

  /** Hands a new socket to ssh2, which tells of it once the client has greeted. */
  async #welcome(socket: Socket): Promise<void> {
    const peer = `${socket.remoteAddress} ${socket.remotePort}`;
    const gone = new AbortController();
    this.#fresh.set(peer, { socket, gone });
    socket.once('close', () => {
      gone.abort();
      this.#fresh.delete(peer);
    });
    // Followed by 'close'; nobody has signed in, so nobody has to know.
    socket.on('error', () => undefined);
    if (!this.#started.signal.aborted) await once(this.#started.signal, 'abort');
    await this.#around.faults.lifted('silent', AbortSignal.any([gone.signal, this.#stop.signal]));
    if (gone.signal.aborted || this.#stop.signal.aborted) return void socket.destroy();
    this.#ssh.injectSocket(socket);
    await this.#around.clock.sleep(this.#around.behaviour.signInMs, gone.signal);
    if (!gone.signal.aborted) socket.destroy();
  }

  #serve(client: Connection, peer: string): void {
    const fresh = this.#fresh.get(peer);
    // Closed in the very moment of its greeting.
    if (!fresh) return void client.end();
    this.#fresh.delete(peer);
    fresh.gone.abort();
    const connection = new ClientConnection(client, fresh.socket, this.#around).run(this.#stop.signal);
    this.#connections.add(connection);
    void connection.then(() => this.#connections.delete(connection));
  }
}

interface Fresh {
  socket: Socket;
  /** Aborted once the client greeted or left. */
  gone: AbortController;
}
