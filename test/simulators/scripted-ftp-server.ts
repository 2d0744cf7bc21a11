import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Certificate } from './certificates.js';
import { ScriptedFtpSession } from './scripted-ftp-session.js';

/** What is said in place of the honest reply: a line, nothing at all, or a reset. Undefined: the honest reply. */
export type FtpAnswer = string | 'silence' | 'reset' | undefined;

export interface FtpScript {
  /** `''` is the greeting; `STOR done` is asked once all of a file came in. */
  answer?: (command: string, argument: string) => FtpAnswer | Promise<FtpAnswer>;
  /** How many of a file's bytes are kept, whatever is said; below 0: no file at all. */
  kept?: (path: string, bytes: number) => number;
  /** Asked as bytes of a file come in. `stop`: no more are read. */
  data?: (path: string, bytes: number) => 'stop' | 'reset' | string | undefined;
  /** TLS of the control connection is agreed on and then never spoken, or not meant. */
  control?: 'stall' | 'plain';
  /** The same of data connections; `stranger`: by a server with another certificate, which resumes nothing. */
  dataTls?: 'stall' | 'plain' | 'stranger';
  /** Its own TLS settings, for outdated ones. */
  tls?: SecureContextOptions;
}

/** A command as the server saw it, without the password. */
export interface FtpRequest {
  command: string;
  argument: string;
}

export const FTP_PASSWORD = 'scripted password';

/** An FTP server over explicit TLS that does what a test tells it, and is honest otherwise. */
export class ScriptedFtpServer {
  readonly host = '127.0.0.1';
  readonly username = 'tester';
  readonly password = FTP_PASSWORD;
  port = 0;
  readonly files = new Map<string, Buffer>();
  readonly requests: FtpRequest[] = [];
  /** Everything that came in over a connection that should have been encrypted and was not. */
  plain = '';
  /** Data connections whose TLS session was resumed, and all. */
  readonly dataConnections = { resumed: 0, all: 0 };
  openConnections = 0;
  script: FtpScript;
  certificate: Certificate;
  /** Whom `stranger` shows. */
  readonly stranger: Certificate | undefined;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #wake: (() => void)[] = [];

  private constructor(script: FtpScript, certificate: Certificate, stranger?: Certificate) {
    this.script = script;
    this.certificate = certificate;
    this.stranger = stranger;
  }

  static async start(script: FtpScript, certificate: Certificate, stranger?: Certificate): Promise<ScriptedFtpServer> {
    const server = new ScriptedFtpServer(script, certificate, stranger);
    await server.#listen();
    return server;
  }

  get commands(): string[] {
    return this.requests.map(({ command }) => command);
  }

  /** Resolves once `condition` holds; looked at after every request and every end. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  note(request: FtpRequest): void {
    this.requests.push(request);
    this.notify();
  }

  notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** Keeps a socket to be destroyed in the end. */
  keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    // One for each data connection.
    socket.setMaxListeners(0);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve());
  }

  async #listen(): Promise<void> {
    this.#server = createServer((socket) => {
      this.keep(socket);
      this.openConnections += 1;
      socket.on('close', () => {
        this.openConnections -= 1;
        this.notify();
      });
      new ScriptedFtpSession(this, socket).greet();
    });
    this.#server.listen(0, this.host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }
}
