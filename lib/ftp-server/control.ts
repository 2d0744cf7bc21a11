import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../clock.js';
import { refusalOf } from './refusal.js';

const LONGEST_LINE = 4_096;
/** More commands than this ahead of their answers are no client of ours. */
const MOST_WAITING = 64;

/** The control connection of one session: lines in, answered one after the other; replies out; in the clear until secured. */
export class Control {
  readonly #raw: Socket;
  readonly #perform: (command: string, argument: string) => Promise<void> | void;
  readonly #onAbort: () => void;
  #socket: Socket;
  #buffer = Buffer.alloc(0);
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();
  /** How often something came. */
  #heard = 0;
  #isOver = false;
  #hasEnded = false;

  /** `onAbort` is called as soon as ABOR comes in, whatever is being answered. */
  constructor(
    socket: Socket,
    perform: (command: string, argument: string) => Promise<void> | void,
    onAbort: () => void,
  ) {
    this.#raw = socket;
    this.#socket = socket;
    this.#perform = perform;
    this.#onAbort = onAbort;
    socket.on('error', () => undefined);
    socket.on('data', this.#receive);
    for (const name of ['end', 'close'] as const) socket.on(name, () => (this.#hasEnded = true));
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** Whether the client has gone, or is going: nobody waits for a reply any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves once the connection is closed and every command is answered. Closes it when nothing came for `idleMs`. */
  async closed(clock: Clock, idleMs: number): Promise<void> {
    const gone = new AbortController();
    this.#raw.once('close', () => gone.abort());
    if (this.#raw.closed) gone.abort();
    while (!gone.signal.aborted) {
      const before = this.#heard;
      await clock.sleep(idleMs, gone.signal);
      if (gone.signal.aborted || this.#waiting > 0 || this.#heard !== before) continue;
      this.say(421, 'Nothing came for too long');
      this.#raw.destroySoon();
    }
    await this.#tail;
  }

  say(code: number, text: string): void {
    this.write(`${code} ${text}`);
  }

  write(lines: string): void {
    if (this.#socket.writable) this.#socket.write(`${lines}\r\n`);
  }

  /** Nothing more is answered. */
  end(code: number, text: string): void {
    this.say(code, text);
    this.#isOver = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#raw.destroy();
  }

  secure(context: SecureContext): void {
    this.say(234, 'Proceed with TLS');
    this.#raw.off('data', this.#receive);
    // What came in the clear behind AUTH is not obeyed afterwards.
    this.#buffer = Buffer.alloc(0);
    const secure = new TLSSocket(this.#raw, { isServer: true, secureContext: context });
    secure.on('error', () => this.#raw.destroy());
    secure.on('data', this.#receive);
    secure.on('end', () => (this.#hasEnded = true));
    this.#socket = secure;
  }

  readonly #receive = (bytes: Buffer): void => {
    this.#heard++;
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (let end = this.#buffer.indexOf('\n'); end >= 0 && !this.#isOver; end = this.#buffer.indexOf('\n')) {
      const line = textOf(this.#buffer.subarray(0, end));
      this.#buffer = this.#buffer.subarray(end + 1);
      const [, command = '', argument = ''] = /^(\S*) ?(.*?)\r?$/s.exec(line)!;
      this.#queue(command.toUpperCase(), argument);
    }
    if (this.#buffer.length > LONGEST_LINE || this.#waiting > MOST_WAITING) this.#raw.destroy();
  };

  #queue(command: string, argument: string): void {
    if (command === 'ABOR') this.#onAbort();
    this.#waiting++;
    this.#tail = this.#tail.then(async () => {
      if (!this.#isOver) await this.#answer(command, argument);
      this.#waiting--;
    });
  }

  async #answer(command: string, argument: string): Promise<void> {
    try {
      await this.#perform(command, argument);
    } catch (error) {
      const { code, message } = refusalOf(error);
      this.say(code, message);
    }
  }
}

/** Without what Telnet puts before ABOR. Old firmware writes names in an 8-bit code; they are kept apart, if not spelt right. */
function textOf(line: Buffer): string {
  const bytes = Buffer.from(line.toString('latin1').replace(/\xff[\xf0-\xff]/g, ''), 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}
