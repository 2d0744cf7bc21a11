import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { Failure } from '../errors.js';
import { type S3Access, STALL_MS, s3Client } from '../s3-client.js';
import { Attempt } from './attempt.js';
import { closedFailure } from './failures.js';
import { checkKey, folderOf, keyProblem } from './key.js';
import type { OnProgress, Receipt, Remote, RemoteObject } from './remote.js';
import { isDenied, isMissing, isTaken, isUnknownCondition, s3Failure } from './s3-failures.js';
import { type Found, isSame, proofOf, takenFailure, unquoted } from './s3-proof.js';
import { type S3Put, S3Putter } from './s3-put.js';
import { SendingFile } from './sending-file.js';
import type { Pace } from './throttle.js';

export interface S3Options extends S3Access {
  bucket: string;
  /** What keys are under, without a `/` at either end. @default '' */
  prefix?: string;
}

/**
 * Puts files into a bucket of AWS or any server that speaks S3. An object is never replaced (`If-None-Match: *`, invariant
 * I2), and appears whole or not at all. S3 checks a CRC-64/NVME of each request and names that of the whole object in its
 * reply; where a server knows no such checksum, the size is looked up.
 */
export class S3Remote implements Remote {
  readonly name: string;
  /** An object appears whole or not at all, and never in the place of another. */
  readonly lateMs = 0;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #stallMs: number;
  readonly #client: S3Client;
  readonly #putter: S3Putter;
  readonly #running = new Set<Attempt>();

  constructor(options: S3Options) {
    const { bucket, prefix, stallMs = STALL_MS } = options;
    this.#bucket = bucket;
    this.#prefix = prefix ? `${prefix}/` : '';
    this.#stallMs = stallMs;
    this.name = `s3://${bucket}${prefix ? `/${prefix}` : ''}`;
    this.#client = s3Client(options);
    this.#putter = new S3Putter(this.#client, bucket);
  }

  async put(key: string, file: string, signal: AbortSignal, onProgress?: OnProgress, pace?: Pace): Promise<Receipt> {
    checkKey(key);
    return this.#call(signal, `store ${key}`, async (attempt, abort) => {
      const source = await attempt.acquire(SendingFile.open(file, pace && { pace, signal }), (late) => late.close());
      try {
        return await this.#put(key, file, source, attempt, abort, onProgress);
      } finally {
        // Closing waits for a read that may hang; nobody needs to.
        source.close().catch(() => undefined);
      }
    });
  }

  async stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    checkKey(key);
    return this.#call(signal, `look up ${key}`, async (attempt, abort) => {
      const found = await attempt.race(this.#lookUp(key, abort));
      return found && { key, bytes: found.bytes };
    });
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject, void, undefined> {
    const folder = folderOf(prefix);
    const Prefix = `${this.#prefix}${folder === '' ? '' : `${folder}/`}`;
    let token: string | undefined;
    do {
      const page = await this.#call(signal, `list ${folder || 'its objects'}`, (attempt, abort) =>
        attempt.race(
          this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix, ContinuationToken: token }), {
            abortSignal: abort,
          }),
        ),
      );
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        const key = Key.slice(this.#prefix.length);
        // Markers of folders, and whatever else could not have been put.
        if (!keyProblem(key)) yield { key, bytes: Size };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    await this.#call(signal, `remove ${key}`, (attempt, abortSignal) => {
      const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: `${this.#prefix}${key}` });
      return attempt.race(this.#client.send(command, { abortSignal }));
    });
  }

  async close(): Promise<void> {
    for (const attempt of this.#running) attempt.fail(closedFailure());
    // Idle connections only; the client may be used again.
    this.#client.destroy();
  }

  async #put(
    key: string,
    file: string,
    source: SendingFile,
    attempt: Attempt,
    abort: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<Receipt> {
    let stored: S3Put | undefined;
    try {
      stored = await attempt.race(this.#putter.put(`${this.#prefix}${key}`, source, abort, onProgress));
    } catch (error) {
      if (isUnknownCondition(error) && this.#putter.conditional) throw this.#withoutCondition(error);
      if (!isTaken(error)) throw error;
    }
    const sent = source.digest();
    if (stored?.crc64nvme !== undefined) {
      const proven = proofOf(key, sent, { bytes: sent.bytes, crc64nvme: stored.crc64nvme });
      return { key, ...sent, proven, provenBy: 'reply' };
    }
    const found = await attempt.race(this.#lookUp(key, abort));
    if (stored) return { key, ...sent, proven: proofOf(key, sent, found), provenBy: found!.provenBy };
    // What lies there may be our own, of an upload whose reply was lost.
    if (!found || !(await attempt.race(isSame(file, sent, found)))) throw takenFailure(this.name, key);
    return { key, ...sent, proven: 'checksum', provenBy: found.provenBy };
  }

  /** From now on the caller's own look before the put is what keeps objects from being replaced. */
  #withoutCondition(cause: unknown): Failure {
    this.#putter.conditional = false;
    return new Failure(`${this.name} does not know "If-None-Match"`, {
      kind: 'transient',
      code: 'remote-failure',
      hint: 'The file is sent again without it.',
      cause,
    });
  }

  /** By HEAD, or by a listing where this user may not read; neither is a read of the object's bytes. */
  async #lookUp(key: string, abortSignal: AbortSignal): Promise<Found | undefined> {
    const [Bucket, Key] = [this.#bucket, `${this.#prefix}${key}`];
    try {
      const head = new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' });
      const { ContentLength = 0, ChecksumCRC64NVME, ETag } = await this.#client.send(head, { abortSignal });
      return { bytes: ContentLength, crc64nvme: ChecksumCRC64NVME, etag: unquoted(ETag), provenBy: 'stat' };
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (!isDenied(error)) throw error;
    }
    const page = await this.#client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 }), {
      abortSignal,
    });
    const entry = page.Contents?.find((one) => one.Key === Key);
    return entry && { bytes: entry.Size ?? 0, etag: unquoted(entry.ETag), provenBy: 'list' };
  }

  async #call<T>(
    signal: AbortSignal,
    doing: string,
    work: (attempt: Attempt, abort: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const attempt = new Attempt(signal);
    const abort = new AbortController();
    attempt.onFail(() => abort.abort());
    this.#running.add(attempt);
    try {
      attempt.throwIfFailed();
      return await work(attempt, abort.signal);
    } catch (error) {
      throw attempt.failure ?? s3Failure(this.name, doing, this.#stallMs, error);
    } finally {
      attempt.end();
      // Whatever nobody waits for any more.
      abort.abort();
      this.#running.delete(attempt);
    }
  }
}
