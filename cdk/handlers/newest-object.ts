import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { dayOf } from '../../src/segment.js';

const DAY_MS = 86_400_000;

/**
 * When the newest file of a camera arrived, looked up in the bucket: of today's footage, or yesterday's.
 */
export async function newestObject(
  client: S3Client,
  bucket: string,
  where: { site: string; camera: string; now: number },
): Promise<number | undefined> {
  const { site, camera, now } = where;
  for (const day of [dayOf(now), dayOf(now - DAY_MS)]) {
    let newest: number | undefined;
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          ...{ Bucket: bucket, Prefix: `${site}/${camera}/${day.replaceAll('-', '/')}/`, ContinuationToken: token },
        }),
      );
      for (const { Size = 0, LastModified } of page.Contents ?? []) {
        if (Size > 0 && LastModified) newest = Math.max(newest ?? 0, LastModified.getTime());
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    if (newest !== undefined) return newest;
  }
  return undefined;
}
