import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { messageOf } from '../errors.js';

const MAX_LINE = 4_096;

/** The control connection of one FTPS session: commands in, replies out, in the clear until it is secured. */
export class FtpsControl {
  readonly #raw: Socket;
  readonly #perform: (command: string, argument: string) => Promise<void> | void;
  #socket: Socket;
  #buffer = '';
  /** Commands are answered one after the other. Never rejects. */
  #tail: Promise<void> = Promise.resolve();

  /** What `perform` throws is the reply to its command. */
  constructor(socket: Socket, perform: (command: string, argument: string) => Promise<void> | void) {
    this.#raw = socket;
    this.#socket = socket;
    this.#perform = perform;
    socket.on('error', () => undefined);
    socket.on('data', this.#receive);
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get remoteAddress(): string {
    return this.#raw.remoteAddress ?? '';
  }

  /** Resolves once the connection is closed and every command has been answered. */
  async closed(): Promise<void> {
    await new Promise<void>((resolve) => this.#raw.once('close', () => resolve()));
    await this.#tail;
  }

  say(code: number, text: string): void {
    this.write(`${code} ${text}`);
  }

  write(lines: string): void {
    if (this.#socket.writable) this.#socket.write(`${lines}\r\n`);
  }

  end(): void {
    this.#socket.end('221 Bye\r\n');
  }

  secure(context: SecureContext): void {
    this.say(234, 'Proceed with TLS');
    this.#raw.off('data', this.#receive);
    // What came in the clear behind AUTH is not obeyed afterwards.
    this.#buffer = '';
    const secure = new TLSSocket(this.#raw, { isServer: true, secureContext: context });
    secure.on('error', () => this.#raw.destroy());
    secure.on('data', this.#receive);
    this.#socket = secure;
  }

  readonly #receive = (bytes: Buffer): void => {
    this.#buffer += bytes.toString('utf8');
    if (this.#buffer.length > MAX_LINE) return void this.#raw.destroy();
    for (let end = this.#buffer.indexOf('\r\n'); end >= 0; end = this.#buffer.indexOf('\r\n')) {
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 2);
      const [, command = '', argument = ''] = /^(\S*) ?(.*)$/s.exec(line)!;
      this.#tail = this.#tail.then(() => this.#answer(command.toUpperCase(), argument));
    }
  };

  async #answer(command: string, argument: string): Promise<void> {
    try {
      await this.#perform(command, argument);
    } catch (error) {
      this.say(550, messageOf(error));
    }
  }
}
