import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { ObjectWriter } from './object-store.js';
import { translated } from './s3-failures.js';

/** Times 10,000 parts, S3's limit: objects up to 78 GiB. */
const PART_BYTES = 8 * 2 ** 20;
/** Parts under way at once; an upload holds about this many and one more in memory. */
const PARTS_AT_ONCE = 2;

/** One upload: a single PUT if it fits in one part, a multipart upload otherwise. Both make the object visible at once. */
export class S3Writer implements ObjectWriter {
  readonly #key: string;
  readonly #body = new PassThrough({ highWaterMark: 2 ** 20 });
  readonly #done: Promise<unknown>;

  constructor(client: S3Client, bucket: string, key: string) {
    this.#key = key;
    const params = { Bucket: bucket, Key: key, Body: this.#body };
    this.#done = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
    // Both are reported by whichever call comes next.
    this.#done.catch(() => this.#body.destroy());
    this.#body.on('error', () => undefined);
  }

  async write(chunk: Uint8Array): Promise<void> {
    await translated(this.#key, async () => {
      if (this.#body.destroyed) await this.#done;
      if (this.#body.write(chunk)) return;
      const settled = new AbortController();
      // A failed upload stops reading, so that the drain would never come.
      await Promise.race([once(this.#body, 'drain', { signal: settled.signal }), this.#done]).finally(() =>
        settled.abort(),
      );
    });
  }

  async commit(): Promise<void> {
    this.#body.end();
    await translated(this.#key, () => this.#done);
  }

  /** All that was written: S3 keeps nothing of an upload that failed, so then there is nothing to publish and this rejects. */
  async publishPartial(): Promise<void> {
    await this.commit();
  }

  async discard(): Promise<void> {
    // Ending the body with an error makes the SDK abort the multipart upload before it rejects; its own abort() does not wait.
    this.#body.destroy(new Error('Discarded'));
    // The rejection is what was asked for; parts that could not be aborted are the lifecycle rule's to remove.
    await this.#done.catch(() => undefined);
  }
}
