import type { Socket } from 'node:net';
import type { AcceptConnection, AuthContext, Connection, RejectConnection, Session } from 'ssh2';
import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import { type EndpointBehaviour, MAX_CHANNELS } from './behaviour.js';
import type { DisconnectReason, EndpointEvent, Violation } from './events.js';
import type { EndpointFaults } from './faults.js';
import type { Link } from './link.js';
import type { ObjectStore } from './object-store.js';
import { SftpSession } from './sftp-session.js';
import { UserView } from './user-view.js';
import type { EndpointUser, Identity, SignedIn, SignInMethod } from './users.js';

export interface Surroundings {
  store: ObjectStore;
  identity: Identity;
  behaviour: EndpointBehaviour;
  clock: Clock;
  faults: EndpointFaults;
  emit: (event: EndpointEvent) => void;
}

const MAX_REFUSALS = 6;

/**
 * Bytes that may wait for the store before the client's are left in the network. Polite clients keep 2 MB under way and
 * never get here; the limit is for those who send without waiting for replies.
 */
const MAX_HELD_BYTES = 8 * 2 ** 20;

/** How long a connection that is ended may take to hear of it, before it is cut. */
const GOODBYE_MS = 1_000;

/** One SSH connection, from its greeting to the end of its last session. */
export class ClientConnection implements Link {
  readonly faults: EndpointFaults;
  readonly clock: Clock;
  readonly emit: (event: EndpointEvent) => void;
  stopping: AbortSignal = new AbortController().signal;
  readonly #client: Connection;
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #sessions = new Set<SftpSession>();
  readonly #closed = new AbortController();
  /** What was proven so far. */
  readonly #proven = new Set<SignInMethod>();
  #user: EndpointUser | undefined;
  #refusals = 0;
  #channels = 0;
  #working = 0;
  #held = 0;
  #lastAnswer: number;
  #reason: DisconnectReason = 'client';
  #ending = false;

  constructor(client: Connection, socket: Socket, around: Surroundings) {
    this.#client = client;
    this.#socket = socket;
    this.#around = around;
    this.faults = around.faults;
    this.clock = around.clock;
    this.emit = around.emit;
    this.#lastAnswer = this.clock.monotonic();
  }

  /** Serves until the connection is closed, by whichever side, and all that it left open is dealt with. */
  async run(stop: AbortSignal): Promise<void> {
    this.stopping = stop;
    const closed = new Promise<void>((resolve) => this.#client.once('close', () => resolve()));
    // A 'close' follows, which is what counts; scanners and cut lines are everyday.
    this.#client.on('error', () => undefined);
    this.#client.on('authentication', (attempt) => void this.#signIn(attempt));
    this.#client.on('session', (accept, reject) => this.#openChannel(accept, reject));
    const unsubscribe = this.faults.onChange(() => this.#flow());
    const onStop = () => this.#end('stopped');
    stop.addEventListener('abort', onStop);
    if (stop.aborted) onStop();
    const watch = this.#watchIdle();
    await closed;
    this.#closed.abort();
    unsubscribe();
    stop.removeEventListener('abort', onStop);
    await Promise.all([watch, ...[...this.#sessions].map((session) => session.finish())]);
    this.emit({ type: 'disconnected', user: this.#user?.name, reason: this.#reason });
  }

  working = (): (() => void) => {
    this.#working++;
    return () => {
      this.#working--;
      this.#lastAnswer = this.clock.monotonic();
    };
  };

  holding = (bytes: number): (() => void) => {
    this.#held += bytes;
    this.#flow();
    return () => {
      this.#held -= bytes;
      this.#flow();
    };
  };

  drop = (): void => {
    this.#reason = 'fault';
    this.#socket.destroy();
  };

  /** Reads from the network only while there is room, and while not struck silent. */
  #flow(): void {
    const stopped = this.faults.current.silent === true || this.#held > MAX_HELD_BYTES;
    if (stopped === this.#socket.isPaused()) return;
    if (stopped) this.#socket.pause();
    else this.#socket.resume();
  }

  async #signIn(attempt: AuthContext): Promise<void> {
    const { method, username: user } = attempt;
    const { methods } = this.#around.identity;
    if (method === 'none') {
      attempt.reject([...methods]);
      return;
    }
    // Guesses that were under way when the connection was ended.
    const deaf = this.#ending || this.faults.current.refuseSignIn;
    const found = deaf ? undefined : await this.#identify(attempt);
    // It left while it was looked up.
    if (this.#closed.signal.aborted) return;
    if (found) {
      const missing = found.probing ? [] : this.#missingAfter(method as SignInMethod);
      if (missing.length > 0) {
        attempt.reject(missing, true);
        return;
      }
      if (!found.probing) {
        this.#user = found.user;
        this.emit({ type: 'signed-in', user, method });
      }
      attempt.accept();
      return;
    }
    this.emit({ type: 'sign-in-refused', user, method });
    attempt.reject([...methods]);
    if (++this.#refusals >= MAX_REFUSALS) this.#end('too-many-attempts');
  }

  /** A failing identity provider refuses, as AWS does. */
  async #identify(attempt: AuthContext): Promise<SignedIn | undefined> {
    try {
      return await this.#around.identity.check(attempt, this.#socket.remoteAddress ?? '');
    } catch (error) {
      this.emit({ type: 'identity-provider-failed', user: attempt.username, reason: messageOf(error) });
      return undefined;
    }
  }

  /** What is still asked for, where one proof is not enough. */
  #missingAfter(method: SignInMethod): SignInMethod[] {
    this.#proven.add(method);
    const { methods, needsAll } = this.#around.identity;
    return needsAll ? methods.filter((one) => !this.#proven.has(one)) : [];
  }

  #openChannel(accept: AcceptConnection<Session>, reject: RejectConnection): void {
    // ssh2 opens no channel before the sign-in.
    const user = this.#user!;
    const violation = (kind: Violation, detail: string) =>
      this.emit({ type: 'violation', user: user.name, violation: kind, detail });
    if (this.#channels >= MAX_CHANNELS) {
      violation('too-many-channels', `more than ${MAX_CHANNELS}`);
      reject();
      return;
    }
    this.#channels++;
    const view = new UserView(this.#around.store, user, this.#around.behaviour, violation);
    const channel = accept();
    channel.once('close', () => this.#channels--);
    channel.once('sftp', (acceptSftp) => {
      const sftp = acceptSftp();
      const session = new SftpSession(sftp, view, this);
      this.#sessions.add(session);
      const forget = () => this.#sessions.delete(session);
      sftp.once('end', () => void session.drain().then(forget));
      sftp.once('close', () => void session.finish().then(forget));
    });
  }

  async #watchIdle(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      const limit = this.#user ? this.#around.behaviour.idleMs : this.#around.behaviour.signInMs;
      const left = this.#working > 0 ? limit : this.#lastAnswer + limit - this.clock.monotonic();
      if (left <= 0) return this.#end(this.#user ? 'idle' : 'sign-in-timeout');
      await this.clock.sleep(left, this.#closed.signal);
    }
  }

  #end(reason: DisconnectReason): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#reason = reason;
    this.#client.end();
    // A peer that does not read, or keeps its side open, must not keep us.
    void this.clock.sleep(GOODBYE_MS, this.#closed.signal).then(() => this.#socket.destroy());
  }
}
