import { S3ServiceException } from '@aws-sdk/client-s3';
import { Failure, messageOf } from '../errors.js';

/** A bucket that is missing also answers HEAD with a bare 404, which cannot be told apart; writing to it says `NoSuchBucket`. */
export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NotFound' || error.name === 'NoSuchKey');
}

/** Runs `work`; what the SDK throws comes out as a `Failure`. */
export async function translated<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw failureOf(key, cause);
  }
}

function failureOf(key: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const status = cause instanceof S3ServiceException ? (cause.$metadata.httpStatusCode ?? 0) : 0;
  const what = `S3 did not accept ${JSON.stringify(key)}: ${messageOf(cause)}`;
  if (status === 401 || status === 403) {
    return new Failure(what, { kind: 'permanent', code: 'permission-denied', cause });
  }
  // 507 and this name are how Ceph and MinIO say that a quota or the disk is full; AWS has no such answer.
  if (status === 507 || (cause as Error).name === 'QuotaExceeded') {
    return new Failure('No space left', { kind: 'transient', code: 'no-space', cause });
  }
  return new Failure(what, { kind: 'transient', code: 'store-failed', cause });
}
