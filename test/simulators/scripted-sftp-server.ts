import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection } from 'ssh2';
import { fingerprintOf } from '../../lib/remote/host-key.js';
import { generateKeyPair } from '../../lib/remote/key-pair.js';
import { ScriptedSession } from './scripted-sftp-session.js';
import type { LimitsOffer } from './sftp-limits-offer.js';

/** What the server does with one request: as it should, never answer, refuse, or reset the whole connection. */
export type Answer = 'honest' | 'silence' | 'reset' | { status: number; message?: string };

export interface Script {
  open?(path: string): Answer | Promise<Answer>;
  write?(path: string, offset: number, bytes: number): Answer | Promise<Answer>;
  close?(path: string): Answer | Promise<Answer>;
  stat?(path: string): Answer | Promise<Answer>;
  list?(path: string): Answer | Promise<Answer>;
  mkdir?(path: string): Answer | Promise<Answer>;
  /** How many of the bytes acknowledged are really kept when the file is closed; -1 for no file at all. */
  kept?(path: string, bytes: number): number;
  /** Paths whose folder was not made are refused, as plain servers do; S3 needs no folders. */
  needsFolders?: boolean;
  /** What it says it takes in one packet and in one write; without, it does not offer to say so. */
  limits?: LimitsOffer;
  /** Never opens the SFTP channel though the sign-in succeeded. */
  noChannel?: boolean;
}

export interface Request {
  type: 'open' | 'write' | 'close' | 'stat' | 'list' | 'mkdir' | 'other';
  path: string;
  offset?: number;
  bytes?: number;
  flags?: number;
}

const PASSWORD = 'correct horse';

/** A small in-memory SFTP server that misbehaves as told. It handles requests strictly one after the other. */
export class ScriptedSftpServer {
  readonly username = 'recorder';
  readonly password = PASSWORD;
  readonly host = '127.0.0.1';
  port = 0;
  fingerprint = '';
  script: Script;
  readonly files = new Map<string, Buffer>();
  readonly folders = new Set<string>();
  readonly requests: Request[] = [];
  /** Every method a client tried, and every password it let us see. */
  readonly signInMethods: string[] = [];
  readonly passwordsSeen: string[] = [];
  connections = 0;
  openConnections = 0;
  /** Told of each connection, for what no script says. */
  onConnection: (connection: Connection) => void = () => undefined;
  #server: ssh2.Server | undefined;
  readonly #sockets = new Set<Socket>();
  #wake: (() => void)[] = [];

  private constructor(script: Script) {
    this.script = script;
  }

  static async start(script: Script = {}): Promise<ScriptedSftpServer> {
    const server = new ScriptedSftpServer(script);
    await server.#listen(0);
    return server;
  }

  /** Listens again on the same port with a new host key. */
  async changeHostKey(): Promise<void> {
    await this.stop();
    await this.#listen(this.port);
  }

  /** Resolves once `condition` holds; looked at after every request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve());
  }

  async #listen(port: number): Promise<void> {
    const key = generateKeyPair();
    const parsed = ssh2.utils.parseKey(key.public);
    if (parsed instanceof Error) throw parsed;
    this.fingerprint = fingerprintOf(parsed.getPublicSSH());
    // Not OpenSSH: ssh2 behaves otherwise towards those.
    this.#server = new ssh2.Server({ hostKeys: [key.private], ident: 'SCRIPTED_1.0' }, (connection) =>
      this.#serve(connection),
    );
    this.#server.on('error', () => undefined);
    this.#server.listen(port, this.host);
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  #serve(connection: Connection): void {
    this.connections += 1;
    this.onConnection(connection);
    this.openConnections += 1;
    // The only way to the socket, for resets.
    const socket = (connection as unknown as { _sock: Socket })._sock;
    this.#sockets.add(socket);
    connection.on('error', () => undefined);
    connection.on('close', () => {
      this.#sockets.delete(socket);
      this.openConnections -= 1;
      this.#notify();
    });
    connection.on('authentication', (context) => this.#authenticate(context));
    connection.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => {
        if (!this.script.noChannel) new ScriptedSession(this, acceptSftp(), socket);
      });
    });
  }

  #authenticate(context: AuthContext): void {
    this.signInMethods.push(context.method);
    if (context.method === 'password') this.passwordsSeen.push(context.password);
    const { username } = context;
    if (context.method === 'password' && username === this.username && context.password === PASSWORD) context.accept();
    else context.reject(['password']);
  }

  /** Called by sessions for each request as it arrives. */
  note(request: Request): void {
    this.requests.push(request);
    this.#notify();
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
