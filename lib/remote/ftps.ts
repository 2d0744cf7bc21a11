import { stat } from 'node:fs/promises';
import { Client } from 'basic-ftp';
import { type Clock, systemClock } from '../clock.js';
import type { Failure } from '../errors.js';
import { Attempt } from './attempt.js';
import { checkStored, closedFailure, lateFailure } from './failures.js';
import { dialFtp, type FtpEndpoint, type FtpSession } from './ftp-dial.js';
import { commandFailure, replyCode } from './ftp-failures.js';
import { argument, type Found, list, lookUp, makeFoldersFor } from './ftp-folders.js';
import { FtpHaste } from './ftp-haste.js';
import { FtpPool } from './ftp-pool.js';
import { store } from './ftp-store.js';
import { checkKey, folderOf, keyProblem } from './key.js';
import type { OnProgress, Receipt, Remote, RemoteObject } from './remote.js';
import { SendingFile } from './sending-file.js';
import type { OnStage } from './stage.js';
import { StallWatch } from './stall-watch.js';
import type { Pace } from './throttle.js';
import type { TlsTrust } from './tls-trust.js';

export type { TlsTrust } from './tls-trust.js';

export interface FtpOptions {
  host: string;
  /** @default 21 */
  port?: number;
  username: string;
  password: string;
  /** Explicit TLS, required for both connections; or, in so many words, none: password and footage in the clear. */
  tls: TlsTrust | 'none';
  /** The folder on the server that keys are under: absolute, or relative to where the user lands. @default '' */
  root?: string;
  /** Connections at once. FTP needs a new data connection for each file, so small ones go faster side by side. @default 4 */
  connections?: number;
  /** @default 30,000 */
  stallMs?: number;
  /** From the first packet to a session that may transfer, the TLS handshake included. @default 20,000 */
  connectMs?: number;
  /** @default 60,000 */
  idleMs?: number;
  /** Transfer Family takes a client that has vanished for dead after some 10 minutes. @default 900,000 */
  lateMs?: number;
  clock?: Clock;
  onStage?: OnStage;
}

/** Failures that haste may be the reason of: once more at once, with patience. */
const HASTY = new Set(['data-connection-failed', 'not-supported']);

/** How often an empty file is sent before a server is believed that the connection broke. */
const EMPTY_TRIES = 5;

/** Uploads to an FTP server over explicit TLS: AWS Transfer Family, vsftpd, ProFTPD, the NAS in the attic. */
export class FtpRemote implements Remote {
  readonly name: string;
  readonly lateMs: number;
  readonly #endpoint: FtpEndpoint;
  readonly #root: string;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #connectMs: number;
  readonly #onStage: OnStage | undefined;
  readonly #pool: FtpPool;
  readonly #haste = new FtpHaste();
  readonly #running = new Set<Attempt>();

  constructor(options: FtpOptions) {
    const { host, port = 21, username, password, tls, root = '' } = options;
    this.#endpoint = { host, port, username, password, tls };
    this.#root = root === '/' ? '/' : root.replace(/\/+$/, '');
    const scheme = tls === 'none' ? 'ftp' : 'ftps';
    this.name = `${scheme}://${username}@${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#clock = options.clock ?? systemClock;
    this.#stallMs = options.stallMs ?? 30_000;
    this.#connectMs = options.connectMs ?? 20_000;
    this.lateMs = options.lateMs ?? 900_000;
    this.#onStage = options.onStage;
    this.#pool = new FtpPool({
      ...{ limit: options.connections ?? 4, idleMs: options.idleMs ?? 60_000, clock: this.#clock },
    });
  }

  async put(key: string, file: string, signal: AbortSignal, onProgress?: OnProgress, pace?: Pace): Promise<Receipt> {
    checkKey(key);
    for (let tries = 1; ; tries++) {
      const hasty = this.#haste.isOn;
      try {
        const receipt = await this.#putOnce(key, file, hasty, signal, onProgress, pace);
        this.#haste.worked(hasty);
        return receipt;
      } catch (error) {
        const { kind, code, cause } = error as Failure;
        if (hasty && kind !== 'aborted') this.#haste.failed();
        if (hasty && HASTY.has(code)) continue;
        // vsftpd now and then takes a TLS connection that ends without a byte for a broken one (426, seen with 3.0.3).
        const isEmpty = replyCode(cause) === 426 && (await sizeOf(file)) === 0;
        if (!isEmpty || tries >= EMPTY_TRIES) throw error;
      }
    }
  }

  async #putOnce(
    key: string,
    file: string,
    hasty: boolean,
    signal: AbortSignal,
    onProgress?: OnProgress,
    pace?: Pace,
  ): Promise<Receipt> {
    return this.#call(signal, `store ${key}`, async (attempt, watch, connect) => {
      const source = await attempt.acquire(SendingFile.open(file, pace && { pace, signal }), (late) => late.close());
      try {
        const session = await connect();
        await this.#store(session, key, source, { attempt, watch, clock: this.#clock, hasty, onProgress });
        const found = await lookUp(session, this.#path(key), watch, hasty && this.#pool.isWanted);
        checkStored(key, source.bytes, found?.bytes);
        return { key, ...source.digest(), proven: 'size', provenBy: (found as Found).provenBy };
      } finally {
        // Closing waits for a read that may hang; nobody needs to.
        source.close().catch(() => undefined);
      }
    });
  }

  async stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    checkKey(key);
    return this.#call(signal, `look up ${key}`, async (_attempt, watch, connect) => {
      const found = await lookUp(await connect(), this.#path(key), watch);
      return found && { key, bytes: found.bytes };
    });
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject, void, undefined> {
    const waiting = [folderOf(prefix)];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      const parent = folder;
      const entries = await this.#call(signal, `list ${parent || 'its folder'}`, async (_attempt, watch, connect) =>
        list(await connect(), parent === '' ? this.#root : this.#path(parent), watch),
      );
      for (const { name, type, bytes } of entries ?? []) {
        const key = parent === '' ? name : `${parent}/${name}`;
        // What a server reports is not believed: such names could not have been put.
        if (name.includes('/') || keyProblem(key)) continue;
        if (type === 'folder') waiting.push(key);
        else if (type === 'file') yield { key, bytes };
      }
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    await this.#call(signal, `remove ${key}`, async (_attempt, watch, connect) => {
      const { client } = await connect();
      await watch.during(client.send(`DELE ${argument(this.#path(key))}`));
    });
  }

  async close(): Promise<void> {
    for (const attempt of this.#running) attempt.fail(closedFailure());
    this.#pool.close();
  }

  /** Only once the server refuses: Transfer Family needs no folders and bills each one made. */
  async #store(session: FtpSession, key: string, source: SendingFile, storing: Parameters<typeof store>[3]) {
    const path = this.#path(key);
    try {
      await store(session, argument(path), source, storing);
    } catch (error) {
      const code = replyCode(error);
      // A transfer that had begun has read from the file, which is read but once.
      if (!(code === 550 || code === 553 || code === 450 || code === 451) || source.isBegun) throw error;
      await makeFoldersFor(session, path, storing.watch);
      await store(session, argument(path), source, storing);
    }
  }

  /** Runs one call on a connection of its own, which is closed unless all went well. */
  async #call<T>(
    signal: AbortSignal,
    doing: string,
    work: (attempt: Attempt, watch: StallWatch, connect: () => Promise<FtpSession>) => Promise<T>,
  ): Promise<T> {
    const attempt = new Attempt(signal);
    const watch = new StallWatch(attempt, this.name, this.#stallMs, this.#clock);
    let session: FtpSession | undefined;
    this.#running.add(attempt);
    try {
      attempt.throwIfFailed();
      return await work(attempt, watch, async () => {
        session = await this.#pool.acquire(attempt, () => this.#dial(attempt, watch));
        const { client } = session;
        // At once, not when the call that is stuck on it finds out.
        attempt.onFail(() => client.close());
        attempt.throwIfFailed();
        return session;
      });
    } catch (error) {
      session?.client.close();
      throw commandFailure(this.name, doing, attempt.failure ?? error);
    } finally {
      watch.end();
      attempt.end();
      this.#running.delete(attempt);
      if (session) this.#pool.release(session);
    }
  }

  async #dial(attempt: Attempt, watch: StallWatch): Promise<FtpSession> {
    const connected = new AbortController();
    const late = this.#failWhenLate(attempt, connected.signal);
    try {
      if (!this.#haste.isOn) return await this.#dialOnce(attempt, watch, false);
      return await this.#dialOnce(attempt, watch, true).catch((error: Failure) => {
        if (!HASTY.has(error.code)) throw error;
        this.#haste.failed();
        return this.#dialOnce(attempt, watch, false);
      });
    } finally {
      connected.abort();
      await late;
    }
  }

  #dialOnce(attempt: Attempt, watch: StallWatch, hasty: boolean): Promise<FtpSession> {
    const client = new Client(0);
    attempt.onFail(() => client.close());
    const hastyBy = hasty ? this.#clock : undefined;
    return dialFtp(this.#endpoint, this.name, client, { watch, hastyBy, onStage: this.#onStage });
  }

  async #failWhenLate(attempt: Attempt, connected: AbortSignal): Promise<void> {
    await this.#clock.sleep(this.#connectMs, connected);
    if (!connected.aborted) attempt.fail(lateFailure(this.name, this.#connectMs, 'FTP'));
  }

  #path(key: string): string {
    return this.#root === '' ? key : this.#root === '/' ? `/${key}` : `${this.#root}/${key}`;
  }
}

/** Undefined for a file that is gone, which the put has told already. */
async function sizeOf(file: string): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.size;
}
