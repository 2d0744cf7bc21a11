import { createSecureContext, type SecureContext } from 'node:tls';
import type { Service } from '../service.js';
import { SessionServer } from '../session-server.js';
import { DEFAULT_BEHAVIOUR, type EndpointBehaviour } from './behaviour.js';
import type { EndpointEvent } from './events.js';
import { FtpsSession } from './ftps-session.js';
import { IdentityProvider, type IdentityProviderOptions } from './identity-provider.js';
import type { ObjectStore } from './object-store.js';

export interface FtpsEndpointOptions {
  store: ObjectStore;
  /** FTPS has no users that AWS keeps: somebody else decides. */
  identityProvider: IdentityProviderOptions;
  /** PEM. */
  certificate: { key: string; cert: string };
  /** @default '127.0.0.1' */
  host?: string;
  onEvent?: (event: EndpointEvent) => void;
  /** @default DEFAULT_BEHAVIOUR */
  behaviour?: Partial<EndpointBehaviour>;
}

/** What every session needs. */
export interface FtpsSurroundings {
  store: ObjectStore;
  identity: IdentityProvider;
  behaviour: EndpointBehaviour;
  context: SecureContext;
  host: string;
  emit(event: EndpointEvent): void;
}

/**
 * An FTPS server with the habits of AWS Transfer Family: explicit TLS and no command before it, encrypted data connections that
 * must resume the session of the control connection, passive mode, whole files in order. Beside {@link TransferEndpoint},
 * over the same stores.
 */
export class FtpsEndpoint implements Service {
  readonly name = 'ftps-endpoint';
  readonly #around: FtpsSurroundings;
  readonly #server: SessionServer;

  constructor(options: FtpsEndpointOptions) {
    const { host = '127.0.0.1', certificate, onEvent = () => undefined } = options;
    this.#around = {
      store: options.store,
      identity: new IdentityProvider(options.identityProvider),
      behaviour: { ...DEFAULT_BEHAVIOUR, ...options.behaviour },
      // AWS documents TLS 1.2 for FTPS, and no newer one.
      context: createSecureContext({ ...certificate, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
      host,
      emit: onEvent,
    };
    this.#server = new SessionServer((socket) => new FtpsSession(socket, this.#around).run());
  }

  /** Throws before `listen` has resolved. */
  get address(): { host: string; port: number } {
    return this.#server.address;
  }

  async listen(): Promise<void> {
    await this.#server.listen(this.#around.host, 0);
  }

  /** Serves until aborted; uploads under way then end as if their connections had been cut. The store stays open. */
  async run(signal: AbortSignal): Promise<void> {
    await this.listen();
    await this.#server.run(signal);
  }
}
