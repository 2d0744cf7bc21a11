import { HeadObjectCommand, RestoreObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { checkKey } from '../remote/key.js';
import { s3Failure } from '../remote/s3-failures.js';
import { type S3Access, STALL_MS, s3Client } from '../s3-client.js';

export type ThawTier = 'expedited' | 'standard' | 'bulk';

/** `frozen` and `thawing` cannot be read; `readable` can, for good or for as long as it was thawed for. */
export type ThawState = { state: 'frozen' | 'thawing'; storage: string } | { state: 'readable' } | { state: 'missing' };

/** Objects in S3's archive classes. Needs the right to restore objects, which neither uploaders nor viewers have. */
export class S3Thaw {
  readonly name: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #client: S3Client;

  constructor(options: S3Access & { bucket: string; prefix?: string }) {
    this.#bucket = options.bucket;
    this.#prefix = options.prefix ? `${options.prefix}/` : '';
    this.name = `s3://${options.bucket}${options.prefix ? `/${options.prefix}` : ''}`;
    this.#client = s3Client(options);
  }

  async state(key: string): Promise<ThawState> {
    checkKey(key);
    try {
      const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key });
      const { StorageClass: storage = 'STANDARD', Restore = '' } = await this.#client.send(command);
      if (storage !== 'GLACIER' && storage !== 'DEEP_ARCHIVE') return { state: 'readable' };
      if (/ongoing-request="true"/.test(Restore)) return { state: 'thawing', storage };
      return /ongoing-request="false"/.test(Restore) ? { state: 'readable' } : { state: 'frozen', storage };
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return { state: 'missing' };
      throw s3Failure(this.name, `look up ${key}`, STALL_MS, error);
    }
  }

  /** Asks for a copy that can be read for `days`; asking again while it is under way changes nothing. */
  async request(key: string, tier: ThawTier, days: number): Promise<void> {
    const Tier = ({ expedited: 'Expedited', standard: 'Standard', bulk: 'Bulk' } as const)[tier];
    const RestoreRequest = { Days: days, GlacierJobParameters: { Tier } };
    const command = new RestoreObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, RestoreRequest });
    try {
      await this.#client.send(command);
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'RestoreAlreadyInProgress') return;
      throw s3Failure(this.name, `thaw ${key}`, STALL_MS, error);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}
