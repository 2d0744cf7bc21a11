import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Failure } from '../errors.js';
import { checkKey, keyProblem } from '../remote/key.js';
import { s3Failure } from '../remote/s3-failures.js';
import { type S3Access, STALL_MS, s3Client } from '../s3-client.js';
import type { ObjectRange, ObjectReader, OpenObject, StoredChecksum, StoredObject } from './object-reader.js';
import { checkWanted, notSatisfiable } from './range.js';

export interface S3ReaderOptions extends S3Access {
  bucket: string;
  /** What keys are under, without a `/` at either end. @default '' */
  prefix?: string;
}

/** Credentials of a role may end sooner; the address then does as well, and players ask for another. */
const LINK_SECONDS = 3_600;

const FROZEN = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** A bucket of AWS or any server that speaks S3, for those who may only read. */
export class S3Reader implements ObjectReader {
  readonly name: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #client: S3Client;
  readonly #stallMs: number;

  constructor(options: S3ReaderOptions) {
    this.#bucket = options.bucket;
    this.#prefix = options.prefix ? `${options.prefix}/` : '';
    this.name = `s3://${options.bucket}${options.prefix ? `/${options.prefix}` : ''}`;
    this.#client = s3Client(options);
    this.#stallMs = options.stallMs ?? STALL_MS;
  }

  async names(folder: string): Promise<string[]> {
    const Prefix = this.#folder(folder);
    const names: string[] = [];
    for await (const page of this.#pages(Prefix, '/')) {
      for (const { Prefix: below } of page.CommonPrefixes ?? []) names.push(below!.slice(Prefix.length, -1));
      for (const { Key } of page.Contents ?? []) names.push(Key!.slice(Prefix.length));
    }
    return names.filter((name) => name !== '' && !keyProblem(name));
  }

  async *list(folder: string): AsyncGenerator<StoredObject, void, undefined> {
    for await (const page of this.#pages(this.#folder(folder))) {
      for (const { Key, Size = 0, LastModified, ETag = '', StorageClass } of page.Contents ?? []) {
        const key = Key!.slice(this.#prefix.length);
        // Markers of folders, and whatever else could not have been put.
        if (!keyProblem(key)) yield stored(key, Size, LastModified, ETag, StorageClass);
      }
    }
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    const head = await this.#head(key);
    return head && stored(key, head.ContentLength ?? 0, head.LastModified, head.ETag ?? '', head.StorageClass);
  }

  async open(key: string, wanted?: Partial<ObjectRange>): Promise<OpenObject | undefined> {
    if (keyProblem(key)) return undefined;
    checkWanted(wanted, key);
    const whole = wanted?.start === undefined && wanted?.end === undefined;
    const Range = whole ? undefined : `bytes=${wanted?.start ?? 0}-${wanted?.end ?? ''}`;
    try {
      const reply = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, Range }),
      );
      const { Body, ContentLength = 0, ContentRange } = reply;
      const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? [];
      const range =
        start === undefined ? { start: 0, end: ContentLength - 1 } : { start: Number(start), end: Number(end) };
      return { stream: Body as Readable, bytes: size === undefined ? ContentLength : Number(size), range };
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (named(error, 'InvalidRange')) throw notSatisfiable(wanted, key);
      throw this.#failure(`read ${key}`, error);
    }
  }

  async link(key: string): Promise<string> {
    checkKey(key);
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key });
    return await getSignedUrl(this.#client, command, { expiresIn: LINK_SECONDS }).catch((error: unknown) => {
      throw this.#failure(`sign an address of ${key}`, error);
    });
  }

  async checksum(key: string): Promise<StoredChecksum | undefined> {
    const head = await this.#head(key, true);
    return head && { crc64nvme: head.ChecksumCRC64NVME };
  }

  close(): void {
    this.#client.destroy();
  }

  async #head(key: string, checksum = false) {
    if (keyProblem(key)) return undefined;
    try {
      const ChecksumMode = checksum ? ('ENABLED' as const) : undefined;
      return await this.#client.send(
        new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, ChecksumMode }),
      );
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#failure(`look up ${key}`, error);
    }
  }

  async *#pages(Prefix: string, Delimiter?: string) {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix, Delimiter, ContinuationToken: token });
      const page = await this.#client.send(command).catch((error: unknown) => {
        throw this.#failure(`list ${Prefix || 'its objects'}`, error);
      });
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  #folder(folder: string): string {
    return this.#prefix + (folder === '' || folder.endsWith('/') ? folder : `${folder}/`);
  }

  #failure(doing: string, error: unknown): Failure {
    if (!named(error, 'InvalidObjectState')) return s3Failure(this.name, doing, this.#stallMs, error);
    return new Failure(`${this.name} cannot ${doing}: the object is frozen`, {
      kind: 'permanent',
      code: 'frozen',
      hint: 'Its storage class is an archive; thaw it first: nvr-uplink restore',
      cause: error,
    });
  }
}

function stored(key: string, bytes: number, modified: Date | undefined, etag: string, storage?: string): StoredObject {
  const frozen = storage !== undefined && FROZEN.has(storage) ? { frozen: storage } : {};
  return { key, bytes, modifiedAt: modified?.getTime() ?? 0, version: `${bytes} ${etag}`, ...frozen };
}

function named(error: unknown, name: string): boolean {
  return error instanceof S3ServiceException && error.name === name;
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}
