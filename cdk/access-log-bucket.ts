import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/** Long enough to look back over a quarter; AWS writes a record for every request, so they cannot be kept for ever. */
const KEEP_LOGS = Duration.days(90);

/** Where S3 writes who read, wrote or deleted what in the archive: the trail after a stolen recorder or leaked key. */
export class AccessLogBucket extends Bucket {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // S3 delivers access logs only to buckets with SSE-S3, not to ones with a KMS key of their own.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      lifecycleRules: [{ id: 'expire-logs', expiration: KEEP_LOGS }],
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
