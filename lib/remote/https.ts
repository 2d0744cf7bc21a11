import { Agent } from 'node:https';
import { extname } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { Failure } from '../errors.js';
import { Attempt } from './attempt.js';
import { checkStored, closedFailure } from './failures.js';
import { placeOf, statusFailure, statusOf } from './https-failures.js';
import { changedFailure, digestOf, type Proven, provenByDigest, sizeOf } from './https-proof.js';
import { type Ask, ask, type Reply, sendFile } from './https-request.js';
import { checkKey } from './key.js';
import type { OnProgress, Receipt, Remote, RemoteObject } from './remote.js';
import { SendingFile, type SentDigest } from './sending-file.js';
import { StallWatch } from './stall-watch.js';
import type { Pace } from './throttle.js';
import { networkFailure } from './tls-trust.js';

export interface HttpsOptions {
  /** `https:`, or `http:` where all may go in the clear. The key takes the place of `{key}`, or is added at the end. */
  url: string;
  /** @default 'PUT' */
  method?: 'PUT' | 'POST';
  bearer?: string;
  basic?: { username: string; password: string };
  headers?: Record<string, string>;
  /** PEM of the authorities to accept in place of those known to this machine. */
  ca?: string | Buffer;
  /** @default 30,000 */
  stallMs?: number;
  clock?: Clock;
}

const TYPES: Record<string, string> = { '.mp4': 'video/mp4', '.jpg': 'image/jpeg', '.ndjson': 'application/x-ndjson' };

/**
 * Uploads by HTTP, one request for each file, to a WebDAV server or anything else that takes files. What such a server can
 * show of what it stored differs: a digest, a size, or nothing but its word; the receipt says which.
 */
export class HttpsRemote implements Remote {
  readonly name: string;
  /** A request says at its beginning how long it is: a part is never taken for the whole. */
  readonly lateMs = 0;
  readonly #options: HttpsOptions;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #agent: Agent;
  readonly #running = new Set<Attempt>();
  /** Whether it ever showed a size: then an object that it does not show is missing, and not just out of sight. */
  #shows = false;

  constructor(options: HttpsOptions) {
    this.#options = options;
    this.name = placeOf(options.url.replace('{key}', ''));
    this.#clock = options.clock ?? systemClock;
    this.#stallMs = options.stallMs ?? 30_000;
    this.#agent = new Agent({ keepAlive: true, minVersion: 'TLSv1.2', ca: options.ca });
  }

  async put(key: string, file: string, signal: AbortSignal, onProgress?: OnProgress, pace?: Pace): Promise<Receipt> {
    checkKey(key);
    return this.#call(signal, async (attempt, watch) => {
      const expected = await attempt.race(digestOf(file));
      const send = async () => {
        const pacing = pace && { pace, signal };
        const source = await attempt.acquire(SendingFile.open(file, pacing), (late) => late.close());
        try {
          return { reply: await this.#send(key, expected, source, attempt, watch, onProgress), sent: source.digest() };
        } finally {
          // Closing waits for a read that may hang; nobody needs to.
          source.close().catch(() => undefined);
        }
      };
      const { reply, sent } = await send().catch(async (error) => {
        if (!(await this.#makeFolders(key, error, attempt, watch))) throw error;
        return send();
      });
      if (sent.sha256 !== expected.sha256) throw changedFailure(file);
      const proof = provenByDigest(key, sent, reply) ?? (await this.#look(key, sent, attempt, watch));
      return { key, ...sent, ...proof };
    });
  }

  async stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    checkKey(key);
    return this.#call(signal, async (attempt, watch) => {
      const reply = await ask(this.#ask('HEAD', key), attempt, watch);
      const bytes = sizeOf(reply);
      if (bytes !== undefined) return { key, bytes };
      // A folder has no size; what is generated as it is asked for has none either, and is nothing we put.
      if ([200, 404, 410].includes(reply.status)) return undefined;
      if (reply.status === 405) {
        // Some say so of a folder; to one who never shows anything it means that nobody may look.
        if (this.#shows) return undefined;
        throw statusFailure(this.name, `look up ${key}`, 403);
      }
      throw statusFailure(this.name, `look up ${key}`, reply.status, reply.headers.location);
    });
  }

  // biome-ignore lint/correctness/useYield: there is nothing to yield, and the interface wants an iterable
  async *list(): AsyncGenerator<RemoteObject, void, undefined> {
    throw new Failure(`${this.name} cannot be listed: HTTP knows no listing`, {
      kind: 'permanent',
      code: 'not-supported',
      hint: 'Use WebDAV through a mounted folder, SFTP, FTPS or S3 where listings are needed.',
    });
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    await this.#call(signal, async (attempt, watch) => {
      const { status, headers } = await ask(this.#ask('DELETE', key), attempt, watch);
      if (status < 200 || status >= 300) throw statusFailure(this.name, `remove ${key}`, status, headers.location);
    });
  }

  async close(): Promise<void> {
    for (const attempt of this.#running) attempt.fail(closedFailure());
    this.#agent.destroy();
  }

  async #send(
    key: string,
    { bytes, sha256 }: SentDigest,
    source: SendingFile,
    attempt: Attempt,
    watch: StallWatch,
    onProgress?: OnProgress,
  ): Promise<Reply> {
    const { method = 'PUT' } = this.#options;
    const digest = `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
    const what = this.#ask(method, key, {
      'content-length': bytes,
      'content-type': TYPES[extname(key)] ?? 'application/octet-stream',
      // RFC 9530: of the bytes on the way, and of what is to be stored.
      ...{ 'content-digest': digest, 'repr-digest': digest },
    });
    return sendFile(this.name, what, source, attempt, watch, onProgress);
  }

  /** WebDAV wants folders made, and says 409 (some 404) for one that is missing. Resolves to whether one was made. */
  async #makeFolders(key: string, error: unknown, attempt: Attempt, watch: StallWatch): Promise<boolean> {
    const status = error instanceof Failure ? statusOf(error) : undefined;
    if (status !== 404 && status !== 409) return false;
    const parts = key.split('/').slice(0, -1);
    let made = false;
    for (let depth = 1; depth <= parts.length; depth++) {
      const reply = await ask(this.#ask('MKCOL', `${parts.slice(0, depth).join('/')}/`), attempt, watch);
      made ||= reply.status === 201;
    }
    return made;
  }

  /** What the server shows of an object after it took it. */
  async #look(key: string, sent: SentDigest, attempt: Attempt, watch: StallWatch): Promise<Proven> {
    const reply = await ask(this.#ask('HEAD', key), attempt, watch);
    const bytes = sizeOf(reply);
    if (bytes === undefined && this.#shows && reply.status === 404) checkStored(key, sent.bytes, undefined);
    if (bytes === undefined) return { proven: 'accepted', provenBy: 'reply' };
    checkStored(key, sent.bytes, bytes);
    this.#shows = true;
    const byDigest = provenByDigest(key, sent, reply);
    return { proven: byDigest?.proven ?? 'size', provenBy: 'stat' };
  }

  #ask(method: string, key: string, headers: Ask['headers'] = {}): Ask {
    const { url, bearer, basic } = this.#options;
    const path = key.split('/').map(encodeURIComponent).join('/');
    const signIn =
      bearer !== undefined ? `Bearer ${bearer}` : basic && `Basic ${base64(`${basic.username}:${basic.password}`)}`;
    return {
      method,
      // A function: in a string, `$&` would have a meaning.
      url: url.includes('{key}') ? url.replace('{key}', () => path) : appended(url, path),
      headers: { ...this.#options.headers, ...(signIn && { authorization: signIn }), ...headers },
      agent: this.#agent,
    };
  }

  async #call<T>(signal: AbortSignal, work: (attempt: Attempt, watch: StallWatch) => Promise<T>): Promise<T> {
    const attempt = new Attempt(signal);
    const watch = new StallWatch(attempt, this.name, this.#stallMs, this.#clock);
    this.#running.add(attempt);
    try {
      attempt.throwIfFailed();
      return await work(attempt, watch);
    } catch (error) {
      if (attempt.failure) throw attempt.failure;
      throw error instanceof Failure ? error : networkFailure(this.name, error);
    } finally {
      watch.end();
      attempt.end();
      this.#running.delete(attempt);
    }
  }
}

function appended(url: string, path: string): string {
  const whole = new URL(url);
  whole.pathname = `${whole.pathname.replace(/\/$/, '')}/${path}`;
  return whole.href;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
