import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ArchiveBucket, type ArchiveBucketProps } from './archive-bucket.js';

export interface ArchiveStackProps extends StackProps, ArchiveBucketProps {}

/** The bucket alone, in a stack of its own: whatever else is torn down and rebuilt, the footage stays where it is. */
export class ArchiveStack extends Stack {
  readonly archive: ArchiveBucket;

  constructor(scope: Construct, id: string, props: ArchiveStackProps) {
    super(scope, id, props);
    this.archive = new ArchiveBucket(this, 'Archive', { settings: props.settings });
    new CfnOutput(this, 'BucketName', {
      value: this.archive.bucket.bucketName,
      description: 'The S3 bucket that holds the footage and its index',
    });
  }
}
