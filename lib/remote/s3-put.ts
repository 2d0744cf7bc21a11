import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { OnProgress } from './remote.js';
import type { SendingFile } from './sending-file.js';

/** Up to this size in one request; larger files in parts of it, or of more where 10,000 of these, S3's limit, are too few. */
const PART_BYTES = 8 * 2 ** 20;
const MAX_PARTS = 10_000;
/** Parts under way at once; a put holds about this many and one more in memory. */
const PARTS_AT_ONCE = 2;

export interface S3Put {
  /** The checksum S3 names of the object as it stored it; undefined where the server knows none. */
  crc64nvme: string | undefined;
}

/** Writes objects, each only where there is none yet. */
export class S3Putter {
  readonly #client: S3Client;
  readonly #bucket: string;
  /** Whether the server is asked not to replace an object. Not every one that imitates S3 knows how. */
  conditional = true;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async put(key: string, source: SendingFile, abort: AbortSignal, onProgress?: OnProgress): Promise<S3Put> {
    const params = {
      ...{ Bucket: this.#bucket, Key: key },
      ...(this.conditional && { IfNoneMatch: '*' }),
    };
    if (source.bytes <= PART_BYTES) return this.#putWhole(params, source, abort, onProgress);
    return this.#putInParts(params, source, abort, onProgress);
  }

  async #putWhole(params: Params, source: SendingFile, abortSignal: AbortSignal, onProgress?: OnProgress) {
    const body = Buffer.alloc(source.bytes);
    let filled = 0;
    for await (const block of source.blocks()) filled += block.copy(body, filled);
    // Known before the first byte goes, so it need not be computed again.
    const command = new PutObjectCommand({ ...params, Body: body, ChecksumCRC64NVME: source.digest().crc64nvme });
    const { ChecksumCRC64NVME } = await this.#client.send(command, { abortSignal });
    onProgress?.(source.bytes);
    return { crc64nvme: ChecksumCRC64NVME };
  }

  async #putInParts(params: Params, source: SendingFile, abort: AbortSignal, onProgress?: OnProgress) {
    const upload = new Upload({
      client: this.#abortable(abort),
      params: {
        ...params,
        Body: Readable.from(copies(source)),
        ContentLength: source.bytes,
        ChecksumAlgorithm: 'CRC64NVME',
      },
      partSize: Math.max(PART_BYTES, Math.ceil(source.bytes / MAX_PARTS)),
      queueSize: PARTS_AT_ONCE,
    });
    let seen = 0;
    upload.on('httpUploadProgress', ({ loaded = 0 }) => {
      if (loaded > seen) onProgress?.(loaded);
      seen = Math.max(seen, loaded);
    });
    const reply: CompleteMultipartUploadCommandOutput = await upload.done();
    await source.checkUnchanged();
    // Of the parts' checksums, not of the bytes, as some servers answer: it says nothing to us.
    return { crc64nvme: reply.ChecksumType === 'COMPOSITE' ? undefined : reply.ChecksumCRC64NVME };
  }

  /** The client as `Upload` sees it: its requests end with ours, but for the one that gives the parts back. */
  #abortable(abortSignal: AbortSignal): S3Client {
    const client = this.#client;
    return new Proxy(client, {
      get(target, property) {
        if (property !== 'send') return Reflect.get(target, property, target);
        return (command: Parameters<S3Client['send']>[0]) =>
          client.send(command, command instanceof AbortMultipartUploadCommand ? {} : { abortSignal });
      },
    });
  }
}

interface Params {
  Bucket: string;
  Key: string;
  IfNoneMatch?: string;
}

/** `Upload` collects blocks into parts, and the file reads its next block into the same memory. */
async function* copies(source: SendingFile): AsyncGenerator<Buffer, void, undefined> {
  for await (const block of source.blocks()) yield Buffer.from(block);
}
