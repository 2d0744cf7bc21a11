import { type Clock, systemClock } from '../clock.js';
import { Attempt } from './attempt.js';
import { checkStored, closedFailure } from './failures.js';
import { type HostKeyPolicy, HostKeys } from './host-key.js';
import { checkKey, folderOf, keyProblem } from './key.js';
import { openForWriting } from './ordered-writer.js';
import type { OnProgress, Receipt, Remote, RemoteObject } from './remote.js';
import { SendingFile } from './sending-file.js';
import { type Session, SftpConnection } from './sftp-connection.js';
import { dial, type SftpEndpoint } from './sftp-dial.js';
import { isNoSuchFile, isPermissionDenied, requestFailure } from './sftp-failures.js';
import { SftpFolders } from './sftp-folders.js';
import type { Lane } from './sftp-lanes.js';
import type { OnStage } from './stage.js';
import type { Pace } from './throttle.js';

export { fingerprintOf, type HostKeyPolicy } from './host-key.js';

export interface SftpOptions {
  host: string;
  /** @default 22 */
  port?: number;
  username: string;
  /** A password, a private key, or both; the key is tried first. */
  password?: string;
  privateKey?: string | Buffer;
  passphrase?: string;
  /** The socket of an SSH agent. */
  agent?: string;
  hostKeys: HostKeyPolicy;
  /** The folder on the server that keys are under: absolute, or relative to where the user lands. @default '' */
  root?: string;
  /** @default 30,000 */
  stallMs?: number;
  /** From the first packet to an open SFTP channel. @default 20,000 */
  connectMs?: number;
  /** AWS Transfer Family ends a session after 30 minutes of rest. @default 900,000 */
  idleMs?: number;
  /** Transfer Family takes a client that has vanished for dead after 5 minutes. @default 900,000 */
  lateMs?: number;
  clock?: Clock;
  onStage?: OnStage;
}

/** A listing's progress cannot be seen from outside, so it may take this many times `stallMs`. */
const LISTING_PATIENCE = 4;

interface Found {
  bytes: number;
  provenBy: 'stat' | 'list';
}

/** Uploads to an SFTP server: AWS Transfer Family, OpenSSH, or another of protocol version 3. */
export class SftpRemote implements Remote {
  readonly name: string;
  readonly lateMs: number;
  readonly #endpoint: SftpEndpoint;
  readonly #root: string;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #connectMs: number;
  readonly #idleMs: number;
  readonly #hostKeys: HostKeys;
  readonly #onStage: OnStage | undefined;
  readonly #connections = new Set<SftpConnection>();
  readonly #folders = new SftpFolders();
  /** Files of which a part was left on a connection that has not ended yet: then it does, by key. */
  readonly #parts = new Map<string, Promise<void>>();

  constructor(options: SftpOptions) {
    const { host, port = 22, username, password, privateKey, passphrase, agent, root = '', hostKeys } = options;
    this.#endpoint = { host, port, username, password, privateKey, passphrase, agent };
    this.#onStage = options.onStage;
    this.#root = root === '/' ? '/' : root.replace(/\/+$/, '');
    this.name = `sftp://${username}@${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#clock = options.clock ?? systemClock;
    this.#stallMs = options.stallMs ?? 30_000;
    this.#connectMs = options.connectMs ?? 20_000;
    this.#idleMs = options.idleMs ?? 900_000;
    this.lateMs = options.lateMs ?? 900_000;
    this.#hostKeys = new HostKeys(hostKeys);
  }

  async put(key: string, file: string, signal: AbortSignal, onProgress?: OnProgress, pace?: Pace): Promise<Receipt> {
    checkKey(key);
    return this.#call(signal, async (lane, connect, connection) => {
      const source = await lane.attempt.acquire(SendingFile.open(file, pace && { pace, signal }), (late) =>
        late.close(),
      );
      try {
        await lane.attempt.race(this.#parts.get(key) ?? Promise.resolve());
        const session = await connect();
        const handle = await this.#open(session, lane, key);
        try {
          await session.writer.write(lane, handle, source, onProgress, pace?.urgent);
        } catch (error) {
          // Never closed: over S3 a CLOSE would publish the part and report it as a completed upload. The server learns
          // that it is partial when this connection ends, which it does once the other calls on it have.
          connection.retire();
          throw requestFailure(this.name, `store ${key}`, error);
        }
        const found = await this.#lookUp(session, lane, key);
        checkStored(key, source.bytes, found?.bytes);
        return { key, ...source.digest(), proven: 'size', provenBy: found!.provenBy };
      } catch (error) {
        if (lane.attempt.failure || !connection.usable) this.#leftPart(key, connection.gone);
        throw error;
      } finally {
        // Closing waits for a read that may hang; nobody needs to.
        source.close().catch(() => undefined);
      }
    });
  }

  /** The server publishes it when that connection ends, and the next upload must not be there by then. */
  #leftPart(key: string, gone: Promise<void>): void {
    this.#parts.set(key, gone);
    void gone.then(() => {
      if (this.#parts.get(key) === gone) this.#parts.delete(key);
    });
  }

  async stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    checkKey(key);
    return this.#call(signal, async (lane, connect) => {
      const found = await this.#lookUp(await connect(), lane, key);
      return found && { key, bytes: found.bytes };
    });
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject, void, undefined> {
    const waiting = [folderOf(prefix)];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      const parent = folder;
      const entries = await this.#call(signal, async (lane, connect) => this.#entries(await connect(), lane, parent));
      for (const { name, type, bytes } of entries ?? []) {
        const key = parent === '' ? name : `${parent}/${name}`;
        // What a server reports is not believed: such names could not have been put.
        if (name.includes('/') || keyProblem(key)) continue;
        if (type === 'd') waiting.push(key);
        else if (type === '-') yield { key, bytes };
      }
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    await this.#call(signal, async (lane, connect) => {
      const { channel } = await connect();
      try {
        await lane.request<void>((done) => channel.unlink(this.#path(key), done));
      } catch (error) {
        throw requestFailure(this.name, `remove ${key}`, error);
      }
    });
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end(closedFailure());
    this.#connections.clear();
  }

  /** Runs one call in a lane of the shared connection, which it leaves whatever happens. */
  async #call<T>(
    signal: AbortSignal,
    work: (lane: Lane, connect: () => Promise<Session>, connection: SftpConnection) => Promise<T>,
  ): Promise<T> {
    const attempt = new Attempt(signal);
    const connection = this.#connection();
    const lane = connection.enter(attempt);
    try {
      attempt.throwIfFailed();
      return await work(lane, () => attempt.race(connection.session()), connection);
    } catch (error) {
      // Whatever it was waiting for may still come, a file handle among it, and nobody would give that back.
      if (attempt.failure) connection.retire();
      throw error;
    } finally {
      connection.leave(lane);
      attempt.end();
    }
  }

  #connection(): SftpConnection {
    for (const connection of this.#connections) {
      if (connection.usable) return connection;
      if (connection.ended) this.#connections.delete(connection);
    }
    const connection = new SftpConnection({
      name: this.name,
      clock: this.#clock,
      stallMs: this.#stallMs,
      connectMs: this.#connectMs,
      idleMs: this.#idleMs,
      dial: (attempt) => dial(this.#endpoint, this.name, this.#hostKeys, attempt, this.#onStage),
    });
    this.#connections.add(connection);
    return connection;
  }

  async #open(session: Session, lane: Lane, key: string): Promise<Buffer> {
    const path = this.#path(key);
    try {
      try {
        return await openForWriting(session.channel, lane, path);
      } catch (error) {
        // Only now: Transfer Family needs no folders and bills each one made.
        if (!isNoSuchFile(error)) throw error;
        const open = () => openForWriting(session.channel, lane, path);
        return await this.#folders.makeFor(path, session.channel, lane, open);
      }
    } catch (error) {
      throw requestFailure(this.name, `open ${key}`, error);
    }
  }

  /** By stat, or by listing the folder where stat is refused (put-only users of S3) or says nothing useful. */
  async #lookUp(session: Session, lane: Lane, key: string): Promise<Found | undefined> {
    try {
      const { size, isFile } = await lane.during(() => session.client.stat(this.#path(key)));
      return isFile ? { bytes: size, provenBy: 'stat' } : undefined;
    } catch (error) {
      // The library reports both "no such file" and a plain FAILURE as ENOENT; only the listing tells them apart.
      const unclear = isPermissionDenied(error) || (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!unclear) throw requestFailure(this.name, `look up ${key}`, error);
    }
    const slash = key.lastIndexOf('/');
    const entries = await this.#entries(session, lane, key.slice(0, Math.max(0, slash)));
    const entry = entries?.find(({ name, type }) => name === key.slice(slash + 1) && type === '-');
    return entry && { bytes: entry.bytes, provenBy: 'list' };
  }

  async #entries(session: Session, lane: Lane, folder: string): Promise<Entry[] | undefined> {
    const path = folder === '' ? this.#root || '.' : this.#path(folder);
    lane.patience = LISTING_PATIENCE;
    try {
      const entries = await lane.during(() => session.client.list(path));
      return entries.map(({ name, type, size }) => ({ name, type, bytes: size }));
    } catch (error) {
      if (isNoSuchFile(error)) return undefined;
      throw requestFailure(this.name, `list ${folder || 'its folder'}`, error);
    } finally {
      lane.patience = 1;
    }
  }

  #path(key: string): string {
    return this.#root === '' ? key : this.#root === '/' ? `/${key}` : `${this.#root}/${key}`;
  }
}

interface Entry {
  name: string;
  /** The first letter of the long name: `-` file, `d` folder, `l` link. */
  type: string;
  bytes: number;
}
