import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { AccessLogBucket } from './access-log-bucket.js';

export interface ArchiveBucketProps {
  /**
   * Whole days after which footage and its index expire.
   * @default - kept until somebody deletes it
   */
  readonly retentionDays?: number;
}

/** What was overwritten or deleted, by mistake or by a thief with the upload key, can be brought back for this long. */
const KEEP_NONCURRENT = Duration.days(30);

/** The archive that outlives the recorder: reachable over TLS only, never public, and not removed with the stack. */
export class ArchiveBucket extends Construct {
  readonly bucket: IBucket;

  constructor(scope: Construct, id: string, props: ArchiveBucketProps = {}) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      serverAccessLogsBucket: new AccessLogBucket(this, 'AccessLogs'),
      serverAccessLogsPrefix: 'archive/',
      lifecycleRules: lifecycle(props.retentionDays),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // `eventBridgeEnabled: true` would add a Lambda with a role of its own to set what CloudFormation can set itself.
    const resource = bucket.node.defaultChild as CfnBucket;
    resource.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled', true);
    this.bucket = bucket;
  }
}

function lifecycle(retentionDays: number | undefined): LifecycleRule[] {
  const rules: LifecycleRule[] = [
    {
      // Parts of uploads that broke off are billed, and no listing shows them.
      id: 'abort-unfinished-uploads',
      abortIncompleteMultipartUploadAfter: Duration.days(1),
    },
    { id: 'expire-noncurrent-versions', noncurrentVersionExpiration: KEEP_NONCURRENT },
    // A rule of its own: S3 refuses it together with an expiration in days.
    { id: 'remove-expired-delete-markers', expiredObjectDeleteMarker: true },
  ];
  if (retentionDays !== undefined) rules.push({ id: 'retention', expiration: Duration.days(retentionDays) });
  return rules;
}
