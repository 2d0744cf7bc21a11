import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { isPasswordHash } from '../../lib/password.js';
import type { Service } from '../../lib/service.js';
import { type Application, createApplication } from './application.js';
import type { WebOptions } from './options.js';
import { Visitors } from './visitors.js';

/** How long answers that are on their way may take to be finished once the server stops. */
const GRACE_MS = 500;
/** A connection nothing moves on is closed; a paused player asks anew when it goes on. */
const IDLE_MS = 600_000;
/** Viewers must not use up the file handles the recording needs. */
const MOST_CONNECTIONS = 200;
/** Those beyond are being closed to make room. */
const MOST_VISITORS = 180;
const SHORTEST_SECRET = 32;

/** The pages, the API they read, and the footage, over HTTP. */
export class WebServer implements Service {
  readonly name = 'web';
  readonly #options: WebOptions;
  readonly #application: Application;
  readonly #server: Server;
  #listening: Promise<{ url: string }> | undefined;

  /** Throws a `Failure` (`password-hash-invalid`, `secret-too-short`): there is no server without a password. */
  constructor(options: WebOptions) {
    requireSecrets(options);
    this.#options = options;
    const visitors = new Visitors(MOST_VISITORS);
    this.#application = createApplication(options, (socket) => visitors.know(socket));
    this.#server = createServer(this.#application.app);
    visitors.watch(this.#server);
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.setTimeout(IDLE_MS);
  }

  /** Resolves once requests are answered; rejects with `port-in-use`, `port-not-permitted` or `address-unknown`, and can be tried again. */
  listen(): Promise<{ url: string }> {
    this.#listening ??= this.#listen().catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    return this.#listening;
  }

  /** Listens, unless it does already, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.listen();
    if (!signal.aborted) await once(signal, 'abort');
    await this.#close();
  }

  async #listen(): Promise<{ url: string }> {
    const { host, port } = this.#options.listen;
    try {
      this.#server.listen({ host, port });
      await once(this.#server, 'listening');
    } catch (error) {
      throw cannotListen(error, host, port);
    }
    this.#server.on('error', (error) =>
      this.#options.log?.error({ error: messageOf(error) }, 'a connection could not be accepted'),
    );
    return { url: urlOf(host, (this.#server.address() as AddressInfo).port) };
  }

  async #close(): Promise<void> {
    const { playback, stopping, attempts } = this.#application;
    const { clock } = this.#options;
    stopping.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await within(closed, GRACE_MS, clock);
    this.#server.closeAllConnections();
    await closed;
    // An archive that does not answer would never let go of the request; it ends with the process.
    await within(playback.settled(), GRACE_MS, clock);
    attempts.shutdown();
  }
}

/** Resolves when `promise` does, or after `ms`. */
async function within(promise: Promise<void>, ms: number, clock: Clock): Promise<void> {
  const done = new AbortController();
  await Promise.race([promise, clock.sleep(ms, done.signal)]);
  done.abort();
}

function requireSecrets({ passwordHash, sessionSecret, localToken }: WebOptions): void {
  if (!isPasswordHash(passwordHash)) {
    throw new Failure('The web pages have no password.', {
      kind: 'permanent',
      code: 'password-hash-invalid',
      hint: 'Set `web.password`.',
    });
  }
  for (const secret of [sessionSecret, localToken]) {
    if (secret.length >= SHORTEST_SECRET) continue;
    throw new Failure(`A secret of the web server is shorter than ${SHORTEST_SECRET} characters.`, {
      kind: 'permanent',
      code: 'secret-too-short',
    });
  }
}

function cannotListen(cause: unknown, host: string, port: number): Failure {
  const where = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const fail = (code: string, message: string, hint: string) =>
    new Failure(message, { kind: 'permanent', code, hint, cause });
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return fail('port-in-use', `${where} is in use.`, 'Choose another port in `web.listen`.');
    case 'EACCES':
      return fail('port-not-permitted', `${where} is not permitted.`, 'Choose a port above 1023 in `web.listen`.');
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return fail('address-unknown', `${host} is no address of this machine.`, 'Correct `web.listen`.');
    default:
      return fail('cannot-listen', `Cannot listen on ${where}: ${messageOf(cause)}`, 'Correct `web.listen`.');
  }
}

/** An address this machine's own browser can open. */
function urlOf(host: string, port: number): string {
  const isWildcard = host === '0.0.0.0' || host === '::' || host === '';
  const name = isWildcard ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
