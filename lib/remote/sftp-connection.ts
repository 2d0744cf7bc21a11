import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { Attempt } from './attempt.js';
import { cut } from './cut.js';
import { lateFailure, lostFailure, stalledFailure } from './failures.js';
import { OrderedWriter } from './ordered-writer.js';
import type { Dialled } from './sftp-dial.js';
import { type Lane, Lanes } from './sftp-lanes.js';

export interface SftpConnectionOptions {
  name: string;
  clock: Clock;
  stallMs: number;
  connectMs: number;
  /** An unused connection is closed after this long, before the server does it in its own way. */
  idleMs: number;
  dial: (attempt: Attempt) => Promise<Dialled>;
}

export type Session = Dialled & { writer: OrderedWriter };

/** One SSH connection shared by overlapping calls, each in a lane of its own. Ends once; a new one takes its place. */
export class SftpConnection {
  readonly #options: SftpConnectionOptions;
  readonly #stop = new AbortController();
  readonly #dialling = new Attempt(new AbortController().signal);
  readonly #lanes: Lanes;
  #session: Promise<Session> | undefined;
  #open: Session | undefined;
  #idle = new AbortController();
  #retired = false;
  #ended = false;
  #isGone!: () => void;
  /** Resolves once it has ended and its socket is closed: nothing more reaches the server over it. */
  readonly gone = new Promise<void>((resolve) => {
    this.#isGone = resolve;
  });

  constructor(options: SftpConnectionOptions) {
    const { clock, stallMs, name } = options;
    this.#options = options;
    this.#lanes = new Lanes({
      clock,
      stallMs,
      name,
      signal: this.#stop.signal,
      onSilence: () => this.end(stalledFailure(name, stallMs)),
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether new calls may use it. */
  get usable(): boolean {
    return !this.#retired && !this.#ended;
  }

  /** Must be left again with {@link leave}, whatever happens. */
  enter(attempt: Attempt): Lane {
    this.#idle.abort();
    return this.#lanes.add(attempt);
  }

  leave(lane: Lane): void {
    lane.end();
    const unused = this.#lanes.size === 0;
    if (unused && (this.#retired || !this.#open)) this.end(lostFailure(this.#options.name));
    else if (unused && !this.#ended) void this.#endWhenIdle();
  }

  async #endWhenIdle(): Promise<void> {
    this.#idle = new AbortController();
    const { signal } = this.#idle;
    await this.#options.clock.sleep(this.#options.idleMs, signal);
    // Nobody uses it, so nobody is told.
    if (!signal.aborted) this.end(lostFailure(this.#options.name));
  }

  /** Connects on the first call; later ones share it. */
  session(): Promise<Session> {
    this.#session ??= this.#connect();
    return this.#session;
  }

  /** No new calls; ends when those running have ended. For when a file handle cannot be trusted or given back. */
  retire(): void {
    this.#retired = true;
  }

  /** Ends it now; calls that still run fail with `failure`. The socket is closed outright: a polite end may hang for ever. */
  end(failure: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#idle.abort();
    this.#stop.abort();
    this.#dialling.fail(failure);
    const leavesParts = this.#retired || this.#lanes.size > 0;
    for (const lane of this.#lanes.all) lane.attempt.fail(failure);
    this.#close(leavesParts);
  }

  #close(leavesParts: boolean): void {
    const socket = this.#open?.socket;
    if (!socket || socket.closed) {
      this.#isGone();
      return;
    }
    socket.once('close', () => this.#isGone());
    if (leavesParts) cut(socket);
    else socket.destroy();
  }

  async #connect(): Promise<Session> {
    const { dial, clock } = this.#options;
    const connected = new AbortController();
    const late = this.#failWhenLate(connected.signal);
    try {
      const dialled = await dial(this.#dialling);
      this.#dialling.throwIfFailed();
      this.#open = { ...dialled, writer: new OrderedWriter(dialled.channel, dialled.socket, clock) };
      this.#endWhenLost(dialled);
      return this.#open;
    } catch (error) {
      const failure = error instanceof Failure ? error : lostFailure(this.#options.name, error);
      this.end(failure);
      throw failure;
    } finally {
      connected.abort();
      await late;
      this.#dialling.end();
    }
  }

  async #failWhenLate(connected: AbortSignal): Promise<void> {
    const { clock, connectMs, name } = this.#options;
    await clock.sleep(connectMs, connected);
    if (connected.aborted) return;
    this.#dialling.fail(lateFailure(name, connectMs, 'SFTP'));
  }

  #endWhenLost({ client, channel, socket }: Dialled): void {
    const { name } = this.#options;
    const lost = (cause?: Error) => this.end(lostFailure(name, cause));
    client.on('error', lost);
    client.on('end', () => lost());
    // Without a listener a malformed packet would be an uncaught exception (ssh2-sftp-client#579).
    channel.on('error', lost);
    channel.on('end', () => lost());
    channel.on('close', () => lost());
    socket.on('close', () => lost());
    if (socket.destroyed) lost();
  }
}
