import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { BucketSettings } from '../src/config/deployment-schema.js';
import { AccessLogBucket } from './access-log-bucket.js';
import { lifecycle } from './lifecycle.js';

export interface ArchiveBucketProps {
  readonly settings: BucketSettings;
}

/** The archive that outlives the recorder: reachable over TLS only, never public, and not removed with the stack. */
export class ArchiveBucket extends Construct {
  readonly bucket: IBucket;
  /** The key of its own, where it has one. */
  readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, { settings }: ArchiveBucketProps) {
    super(scope, id);
    this.key = settings.encryption === 'kms' ? this.#makeKey() : undefined;
    const bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: this.key ? BucketEncryption.KMS : BucketEncryption.S3_MANAGED,
      encryptionKey: this.key,
      // Else each object asks KMS for a key of its own: 1,000 cameras are millions of requests a month.
      bucketKeyEnabled: this.key ? true : undefined,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      objectLockEnabled: settings.object_lock ? true : undefined,
      objectLockDefaultRetention: lock(settings),
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      serverAccessLogsBucket: new AccessLogBucket(this, 'AccessLogs'),
      serverAccessLogsPrefix: 'archive/',
      lifecycleRules: lifecycle(settings),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // `eventBridgeEnabled: true` would add a Lambda with a role of its own to set what CloudFormation can set itself.
    const resource = bucket.node.defaultChild as CfnBucket;
    resource.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled', true);
    Validations.of(bucket).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason: 'CDK writes sizes in lifecycle rules as numbers, where CloudFormation has them as text; it takes either.',
    });
    this.bucket = bucket;
  }

  /** Footage is lost with its key: it stays, and can be deleted only after a wait. */
  #makeKey(): Key {
    return new Key(this, 'Key', {
      description: 'nvr-uplink: encrypts the footage archive',
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

function lock({ object_lock }: BucketSettings): ObjectLockRetention | undefined {
  if (!object_lock) return undefined;
  const duration = Duration.days(object_lock.for);
  return object_lock.mode === 'compliance'
    ? ObjectLockRetention.compliance(duration)
    : ObjectLockRetention.governance(duration);
}
