import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { checkKey } from '../remote/key.js';
import { s3Failure } from '../remote/s3-failures.js';
import { type S3Access, STALL_MS, s3Client } from '../s3-client.js';
import type { ObjectEraser, StoredVersion } from './eraser.js';

/** A bucket, with the right to delete versions. */
export class S3Eraser implements ObjectEraser {
  readonly name: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #client: S3Client;
  readonly #clock: Clock;

  constructor(options: S3Access & { bucket: string; prefix?: string }, clock: Clock) {
    this.#clock = clock;
    this.#bucket = options.bucket;
    this.#prefix = options.prefix ? `${options.prefix}/` : '';
    this.name = `s3://${options.bucket}${options.prefix ? `/${options.prefix}` : ''}`;
    this.#client = s3Client(options);
  }

  async versions(key: string): Promise<StoredVersion[]> {
    const found: StoredVersion[] = [];
    for (const { id, isMarker } of await this.#list(key)) {
      found.push({ id, ...(!isMarker && (await this.#lockOf(key, id))) });
    }
    return found;
  }

  async erase(key: string, versions: readonly StoredVersion[]): Promise<void> {
    for (const { id } of versions) {
      const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, VersionId: id });
      await this.#call(`erase ${key}`, this.#client.send(command));
    }
    const left = new Set((await this.#list(key)).map(({ id }) => id));
    if (!versions.some(({ id }) => left.has(id!))) return;
    throw new Failure(`${this.name} still holds ${key} after it was erased.`, {
      kind: 'transient',
      code: 'erase-incomplete',
      hint: 'Run the command again.',
    });
  }

  async replace(key: string, text: string): Promise<void> {
    checkKey(key);
    const command = new PutObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, Body: text });
    await this.#call(`store ${key}`, this.#client.send(command));
  }

  close(): void {
    this.#client.destroy();
  }

  async #list(key: string): Promise<{ id: string; isMarker: boolean }[]> {
    checkKey(key);
    const found: { id: string; isMarker: boolean }[] = [];
    let KeyMarker: string | undefined;
    let VersionIdMarker: string | undefined;
    do {
      const command = new ListObjectVersionsCommand({
        ...{ Bucket: this.#bucket, Prefix: this.#prefix + key, KeyMarker, VersionIdMarker },
      });
      const page: ListObjectVersionsCommandOutput = await this.#call(
        `list the versions of ${key}`,
        this.#client.send(command),
      );
      const ofKey = (one: { Key?: string }) => one.Key === this.#prefix + key;
      for (const one of (page.Versions ?? []).filter(ofKey)) found.push({ id: one.VersionId!, isMarker: false });
      for (const one of (page.DeleteMarkers ?? []).filter(ofKey)) found.push({ id: one.VersionId!, isMarker: true });
      KeyMarker = page.NextKeyMarker;
      VersionIdMarker = page.NextVersionIdMarker;
    } while (KeyMarker !== undefined && KeyMarker === this.#prefix + key);
    return found;
  }

  async #lockOf(key: string, VersionId: string): Promise<Pick<StoredVersion, 'locked'>> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, VersionId });
    const head = await this.#call(`look up ${key}`, this.#client.send(command));
    if (head.ObjectLockLegalHoldStatus === 'ON') return { locked: 'a legal hold' };
    const until = head.ObjectLockRetainUntilDate;
    return until && until.getTime() > this.#clock.now()
      ? { locked: `${head.ObjectLockMode} until ${until.toISOString()}` }
      : {};
  }

  async #call<T>(doing: string, work: Promise<T>): Promise<T> {
    return await work.catch((error: unknown) => {
      throw s3Failure(this.name, doing, STALL_MS, error);
    });
  }
}
