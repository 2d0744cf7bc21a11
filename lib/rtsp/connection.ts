import type { Socket } from 'node:net';
import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import { race } from '../race.js';
import { Authorization, type Credentials } from './authorization.js';
import { certificateFailure, dial, isSecure, type RtspTarget } from './dial.js';
import { broken, invalid, refused, unreachable } from './failures.js';
import { InterleavedReader } from './interleaved.js';
import { formatRequest, type RtspMessage } from './message.js';
import type { Turns } from './read-turns.js';

/** The address is without sign-in details. */
export interface ConnectionOptions extends RtspTarget {
  credentials?: Credentials;
  clock: Clock;
  /** Once the packets come: to be read by turns with other connections. */
  turns: Turns;
  /** A packet between the messages; valid during the call only. Throwing ends the connection with that error. */
  onPacket(channel: number, bytes: Buffer, from: number, to: number): void;
}

const CONNECT_MS = 10_000;
const REPLY_MS = 10_000;

/** Read at once: a picture at the usual rates. One for each camera, and nothing else is allocated for reading. */
const READ_BYTES = 65_536;

/** How often one request is signed: the second time with a nonce that was asked for, the third if that was too old already. */
const MAX_SIGNED = 3;

/** The RTSP connection to a camera: requests and their replies, and packets in between. */
export class RtspConnection {
  readonly reader: InterleavedReader;
  /** Resolves once with why the connection is of no more use; never rejects. */
  readonly ended: Promise<unknown>;
  /** Goes with each request once the server named one. */
  session: string | undefined;
  /** When what is being read was read; monotonic. */
  readAtMs = 0;
  #sequence = 0;
  readonly #options: ConnectionOptions;
  readonly #authorization: Authorization;
  readonly #waiting = new Map<number, (reply: RtspMessage) => void>();
  readonly #over = new AbortController();
  #socket: Socket | undefined;
  #byTurns = false;
  #paused = false;
  readonly #turn = { resume: () => this.#resumeReading() };
  readonly #broken: Promise<{ why: unknown }>;
  #end: (why: unknown) => void = () => undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#authorization = new Authorization(options.credentials);
    this.reader = new InterleavedReader({ packet: options.onPacket, message: (message) => this.#message(message) });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#broken = this.ended.then((why) => ({ why }));
  }

  /** Rejects with a `Failure` `unreachable`, `certificate-changed` or `certificate-unknown`, or the reason of `signal`. */
  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const onread = { buffer, callback: (length: number) => this.#read(buffer, length) };
    let opened: () => void = () => undefined;
    const connected = new Promise<'connected'>((resolve) => {
      opened = () => resolve('connected');
    });
    const socket = dial(this.#options, () => opened(), onread);
    this.#socket = socket;
    socket.on('error', (error) => this.#close(certificateFailure(this.#options, error) ?? error));
    socket.once('end', () => this.#close(new Error('the camera hung up')));
    socket.once('close', () => this.#close(new Error('the connection was closed')));
    const off = new AbortController();
    const late = this.#options.clock
      .sleep(CONNECT_MS, off.signal)
      .then(() => unreachable(`no connection within ${CONNECT_MS / 1000} s`));
    const stop = () => this.#close(signal.reason);
    signal.addEventListener('abort', stop);
    const result = await Promise.race([connected, late, this.ended]);
    signal.removeEventListener('abort', stop);
    off.abort();
    if (result !== 'connected') throw signal.aborted ? signal.reason : broken(result, false);
  }

  /**
   * One request, signed as the server wants it. Resolves with a reply of one of the `wanted` kinds; rejects with the `Failure` any
   * other one means, or that no reply came, or that the connection broke.
   */
  async request(
    method: string,
    url: string,
    headers: Record<string, string> = {},
    wanted: readonly number[] = [200],
  ): Promise<RtspMessage> {
    for (let attempt = 1; ; attempt++) {
      const signed = this.#authorization.line(method, url);
      const reply = await this.#exchange(method, url, { ...headers, ...(signed ? { Authorization: signed } : {}) });
      if (wanted.includes(reply.status!)) return reply;
      const failure = refused(method, reply.status!, reply.first);
      if (reply.status !== 401 || attempt === MAX_SIGNED) throw failure;
      const challenge = this.#authorization.challenged(reply.headers.get('www-authenticate') ?? []);
      // Signed with a nonce of this very request and refused: the password is wrong, and asking again may lock the account.
      if (challenge === 'unanswerable' || (challenge === 'answerable' && attempt > 1)) throw failure;
    }
  }

  /** Our side of the connection and the camera's. */
  get addresses(): { local: string; camera: string } {
    const { localAddress = '0.0.0.0', remoteAddress = '' } = this.#socket ?? {};
    return { local: localAddress, camera: remoteAddress };
  }

  /** What the camera sends beside this connection; throwing ends it, as it does within {@link ConnectionOptions.onPacket}. */
  takeBeside(take: () => void): void {
    if (this.#over.signal.aborted) return;
    this.readAtMs = this.#options.clock.monotonic();
    this.#guard(take);
  }

  write(bytes: Buffer | string): void {
    if (!this.#over.signal.aborted) this.#socket?.write(bytes);
  }

  /** From now on it is mostly packets that come: reads by turns. Not within TLS, whose records never fill the buffer: each would wait. */
  readByTurns(): void {
    this.#byTurns = !isSecure(this.#options);
  }

  /** Reads no more until {@link resume}; the camera then has to wait, or to leave packets out. */
  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#resumeReading();
  }

  #resumeReading(): void {
    if (!this.#paused && !this.#over.signal.aborted) this.#socket?.resume();
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.#close(new Error('closed'));
  }

  async #exchange(method: string, url: string, headers: Record<string, string>): Promise<RtspMessage> {
    const sequence = ++this.#sequence;
    const reply = new Promise<RtspMessage>((resolve) => this.#waiting.set(sequence, resolve));
    const own: Record<string, string> = { CSeq: String(sequence), 'User-Agent': 'nvr-uplink' };
    if (this.session !== undefined) own.Session = this.session;
    this.write(formatRequest(method, url, { ...own, ...headers }));
    const off = new AbortController();
    const late = this.#options.clock.sleep(REPLY_MS, off.signal).then(() => undefined);
    try {
      const result = await race(Promise.race([reply, late]), this.#broken);
      if (!result) throw unreachable(`no reply to ${method} within ${REPLY_MS / 1000} s`);
      if ('why' in result) throw broken(result.why, false);
      return result;
    } finally {
      off.abort();
      this.#waiting.delete(sequence);
    }
  }

  /** Returns whether to go on reading. */
  #read(buffer: Buffer, length: number): boolean {
    if (this.#over.signal.aborted) return false;
    this.readAtMs = this.#options.clock.monotonic();
    this.#guard(() => this.reader.push(buffer, length));
    // A full buffer means that there is more.
    if (!this.#byTurns || length === buffer.length) return true;
    this.#options.turns.wait(this.#turn);
    return false;
  }

  #guard(take: () => void): void {
    try {
      take();
    } catch (error) {
      // Whatever one camera sends is this connection's own trouble (invariant I7).
      this.#close(error instanceof RangeError ? invalid(`the camera sends ${messageOf(error)}`) : error);
    }
  }

  #message(message: RtspMessage): void {
    const sequence = Number(message.headers.get('cseq')?.[0]);
    if (message.status === undefined) {
      this.#answer(sequence);
      return;
    }
    // Interim replies come before the real one (RFC 2326 §7.1.1).
    if (message.status < 200) return;
    // Some cameras leave the number out; there is hardly ever more than one request under way.
    const [oldest] = this.#waiting.values();
    (Number.isInteger(sequence) ? this.#waiting.get(sequence) : oldest)?.(message);
  }

  /** A camera's own request: it is told that we do nothing for it, and waits no longer. */
  #answer(sequence: number): void {
    this.write(`RTSP/1.0 501 Not Implemented\r\nCSeq: ${sequence || 0}\r\n\r\n`);
  }

  #close(why: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#end(why);
    this.#socket?.destroy();
  }
}
