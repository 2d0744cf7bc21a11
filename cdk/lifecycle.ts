import { Duration } from 'aws-cdk-lib';
import { type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3';
import type { BucketSettings } from '../src/config/deployment-schema.js';
import { bestTier, type Tier, tierPlan } from '../src/config/tiers.js';

const CLASSES: Record<Tier, StorageClass> = {
  'standard-ia': StorageClass.INFREQUENT_ACCESS,
  'glacier-ir': StorageClass.GLACIER_INSTANT_RETRIEVAL,
  'deep-archive': StorageClass.DEEP_ARCHIVE,
};

/** What becomes of objects as they age. */
export function lifecycle({ retention, keep_replaced, tier }: BucketSettings): LifecycleRule[] {
  const plan = tier === 'none' ? undefined : tier === 'auto' ? bestTier(retention) : tierPlan(tier, retention);
  return [
    {
      // Parts of uploads that broke off are billed, and no listing shows them.
      id: 'abort-unfinished-uploads',
      abortIncompleteMultipartUploadAfter: Duration.days(1),
    },
    { id: 'expire-noncurrent-versions', noncurrentVersionExpiration: Duration.days(keep_replaced) },
    // A rule of its own: S3 refuses it together with an expiration in days.
    { id: 'remove-expired-delete-markers', expiredObjectDeleteMarker: true },
    ...(retention === undefined ? [] : [{ id: 'retention', expiration: Duration.days(retention) }]),
    ...(plan === undefined
      ? []
      : [
          {
            id: `to-${plan.tier}`,
            // Index shards and pictures are small: moving each costs more than it saves, and reading a day needs them at once.
            objectSizeGreaterThan: plan.minimumBytes,
            transitions: [{ storageClass: CLASSES[plan.tier], transitionAfter: Duration.days(plan.afterDays) }],
          },
        ]),
  ];
}
