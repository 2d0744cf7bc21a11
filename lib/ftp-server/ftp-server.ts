import { BlockList, isIPv6, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../clock.js';
import { Failure, messageOf } from '../errors.js';
import type { Service } from '../service.js';
import { SessionServer } from '../session-server.js';
import { plainAddress } from './data.js';
import { type FtpEvent, FtpSession, type FtpSurroundings } from './session.js';
import { SignInLimit } from './sign-in-limit.js';
import type { Tree } from './tree.js';

export interface FtpServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Who it is and what he sees; undefined for a wrong sign-in. */
  signIn(user: string, password: string): Promise<Tree | undefined>;
  /** PEM. @default no TLS */
  tls?: { key: string | Buffer; cert: string | Buffer; required: boolean };
  /** @default any free port, and the address the client came to */
  passive?: { ports?: readonly [number, number]; address?: string };
  /** Networks beyond the private ones whose clients are served: `203.0.113.0/24`. @default none */
  allow?: readonly string[];
  /** At once. */
  connections: number;
  idleMs: number;
  clock: Clock;
  onEvent?: (event: FtpEvent) => void;
}

/** Where cameras and recorders are: private, link-local and this machine. */
const PRIVATE = [
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '127.0.0.0/8', '100.64.0.0/10'],
  ...['::1/128', 'fc00::/7', 'fe80::/10'],
];

/**
 * A small, strict FTP server for what only ever brings files: put-only, a tree for each user, passive and active towards the
 * client alone, explicit TLS, nothing overwritten. Clients from public networks are not served.
 */
export class FtpServer implements Service {
  readonly name = 'ftp-server';
  readonly #options: FtpServerOptions;
  readonly #around: FtpSurroundings;
  readonly #server: SessionServer;
  readonly #served = new BlockList();

  /** Throws a `Failure` `certificate-unreadable`. */
  constructor(options: FtpServerOptions) {
    const { tls, clock, signIn, passive = {}, idleMs, onEvent = () => undefined } = options;
    this.#options = options;
    this.#around = {
      ...{ signIn, passive, idleMs, clock, limit: new SignInLimit(clock), emit: onEvent },
      context: tls && secureContext(tls),
      tlsRequired: tls?.required ?? false,
    };
    for (const network of [...PRIVATE, ...(options.allow ?? [])]) {
      const [address, prefix] = network.split('/');
      this.#served.addSubnet(address!, Number(prefix), isIPv6(address!) ? 'ipv6' : 'ipv4');
    }
    this.#server = new SessionServer((socket) => this.#serve(socket));
  }

  /** Throws before `listen` has resolved. */
  get address(): { host: string; port: number } {
    return this.#server.address;
  }

  /** Rejects with `cannot-listen`. */
  async listen(): Promise<void> {
    const { host, port } = this.#options;
    try {
      await this.#server.listen(host, port);
    } catch (cause) {
      throw new Failure(`Cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
        ...{ kind: 'permanent', code: 'cannot-listen', cause },
        hint: 'Choose an address of this machine and a free port; below 1024 it takes root.',
      });
    }
  }

  /** Serves until aborted; uploads under way then broke off. */
  async run(signal: AbortSignal): Promise<void> {
    await this.listen();
    await this.#server.run(signal);
  }

  #serve(socket: Socket): Promise<void> | undefined {
    socket.on('error', () => undefined);
    const address = plainAddress(socket.remoteAddress ?? '');
    const isServed = this.#served.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    if (!isServed || this.#server.sessions >= this.#options.connections) {
      socket.end(`421 ${isServed ? 'Too many connections' : 'Not from there'}\r\n`);
      socket.destroySoon();
      return undefined;
    }
    return new FtpSession(socket, this.#around).run();
  }
}

function secureContext({ key, cert }: NonNullable<FtpServerOptions['tls']>) {
  try {
    return createSecureContext({ key, cert, minVersion: 'TLSv1.2' });
  } catch (cause) {
    throw new Failure(`The certificate cannot be used: ${messageOf(cause)}`, {
      ...{ kind: 'permanent', code: 'certificate-unreadable', cause },
      hint: 'Both files have to be PEM, and the key has to be that of the certificate.',
    });
  }
}
