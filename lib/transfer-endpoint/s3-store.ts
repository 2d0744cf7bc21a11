import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { checkKey } from '../remote/key.js';
import type { ListedEntry, ObjectReader, ObjectStore, ObjectWriter, StoredObject } from './object-store.js';
import { isMissing, translated } from './s3-failures.js';
import { type FetchBlock, S3Reader } from './s3-reader.js';
import { S3Writer } from './s3-writer.js';

export interface S3StoreOptions {
  bucket: string;
  /** @default the AWS endpoint of the region */
  endpoint?: string;
  region: string;
  /** @default the SDK's chain: environment, profile, instance role */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** `https://host/bucket/key` instead of `https://bucket.host/key`: what most servers other than AWS need. @default whether an endpoint is given */
  forcePathStyle?: boolean;
}

/** An archive in a bucket of AWS or any server that speaks S3. */
export class S3Store implements ObjectStore {
  readonly name: string;
  readonly #bucket: string;
  readonly #client: S3Client;

  constructor({ bucket, endpoint, region, credentials, forcePathStyle = endpoint !== undefined }: S3StoreOptions) {
    this.name = `s3://${bucket}`;
    this.#bucket = bucket;
    this.#client = new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials && { credentials }),
      forcePathStyle,
      // Without these a server that stops answering would keep an upload, and with it the endpoint's shutdown, for ever.
      requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
    });
  }

  async begin(key: string): Promise<ObjectWriter> {
    checkKey(key);
    return new S3Writer(this.#client, this.#bucket, key);
  }

  async mark(folder: string): Promise<void> {
    checkKey(folder);
    await translated(folder, () =>
      this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: `${folder}/`, Body: new Uint8Array() })),
    );
  }

  async head(key: string): Promise<StoredObject | undefined> {
    checkKey(key);
    const found = await this.#head(key);
    return found && { key, bytes: found.ContentLength ?? 0, modified: found.LastModified?.getTime() ?? 0 };
  }

  async *list(folder: string): AsyncIterable<ListedEntry> {
    if (folder !== '') checkKey(folder);
    const prefix = folder === '' ? '' : `${folder}/`;
    let token: string | undefined;
    do {
      const page = await translated(folder, () =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, Delimiter: '/', ContinuationToken: token }),
        ),
      );
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
        yield { type: 'folder', name: Prefix.slice(prefix.length, -1) };
      }
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        // The folder's own marker.
        if (Key === prefix) continue;
        yield { type: 'object', name: Key.slice(prefix.length), bytes: Size, modified: LastModified?.getTime() ?? 0 };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async open(key: string): Promise<ObjectReader | undefined> {
    checkKey(key);
    const found = await this.#head(key);
    if (!found) return undefined;
    const fetch: FetchBlock = (first, last) =>
      translated(key, async () => {
        const range = `bytes=${first}-${last}`;
        const reply = await this.#client.send(
          // IfMatch: all blocks come from one object even if it is replaced meanwhile.
          new GetObjectCommand({ Bucket: this.#bucket, Key: key, Range: range, IfMatch: found.ETag }),
        );
        return reply.Body!.transformToByteArray();
      });
    return new S3Reader(found.ContentLength ?? 0, fetch);
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #head(key: string) {
    return translated(key, async () => {
      try {
        return await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }
}
