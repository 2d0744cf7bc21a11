import type { UploadMode } from '../src/config/deployment-schema.js';

/** A statement of an IAM policy, as JSON. */
export interface Statement {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string[]>>;
}

export interface UploadScope {
  bucketArn: string;
  site: string;
  mode: UploadMode;
  /** Of the bucket's own key, where it has one. */
  keyArn?: string;
}

/**
 * What a recorder may do: put objects below its site's prefix, and look up their sizes. Nothing here reads another site, deletes,
 * brings back, or unlocks. One list for the role, for the session policy of the Lambda sign-in, and for direct uploads.
 */
export function uploadStatements({ bucketArn, site, mode, keyArn }: UploadScope): Statement[] {
  const own = `${bucketArn}/${site}/*`;
  const statements: Statement[] = [
    { Sid: 'Put', Effect: 'Allow', Action: ['s3:AbortMultipartUpload', 's3:PutObject'], Resource: own },
    {
      // The size of what was put is looked up in a listing: put-only users may not ask for the object itself.
      Sid: 'ListOwn',
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: bucketArn,
      Condition: { StringLike: { 's3:prefix': [`${site}/*`] } },
    },
    // Transfer Family asks in which region the bucket is; AWS's own examples grant it.
    { Sid: 'Locate', Effect: 'Allow', Action: ['s3:GetBucketLocation'], Resource: bucketArn },
  ];
  if (mode === 'verify') statements.push({ Sid: 'ReadOwn', Effect: 'Allow', Action: ['s3:GetObject'], Resource: own });
  if (keyArn) {
    // Decrypt too: parts of a multipart upload are encrypted, and S3 reads them when it joins them.
    statements.push({
      ...{ Sid: 'UseKey', Effect: 'Allow', Resource: keyArn },
      Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
    });
  }
  return statements;
}

/** As Transfer Family takes it: a string of at most 2,048 characters. */
export function sessionPolicy(scope: UploadScope): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: uploadStatements(scope) });
}
