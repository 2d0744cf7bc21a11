import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { AwsSettings } from '../src/config/deployment-schema.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { argue } from './argued-checks.js';

export interface ViewerStackProps extends StackProps {
  readonly archive: ArchiveBucket;
  readonly settings: AwsSettings['viewer'];
}

/** A working day of looking before the sign-in has to be repeated. */
const SESSION = Duration.hours(8);

/** Looking at the archive: a role that reads all of it and changes nothing. Never the uploader's. */
export class ViewerStack extends Stack {
  readonly role: Role;

  constructor(scope: Construct, id: string, { archive, settings, ...props }: ViewerStackProps) {
    super(scope, id, props);
    const { principals, mfa } = settings;
    const trusted =
      principals.length > 0
        ? new CompositePrincipal(...principals.map((arn) => new ArnPrincipal(arn)))
        : new AccountRootPrincipal();
    this.role = new Role(this, 'Viewer', {
      description: 'nvr-uplink: reads the footage archive',
      assumedBy: mfa ? trusted.withConditions({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }) : trusted,
      maxSessionDuration: SESSION,
      inlinePolicies: { view: new PolicyDocument({ statements: viewStatements(archive) }) },
    });
    argue(this.role, {
      rule: 'IAM5',
      findingEnd: '/*',
      reason: 'Whoever browses the archive reads all of it: objects of every site, and nothing but that.',
    });
    new CfnOutput(this, 'ViewerRole', { value: this.role.roleArn, description: 'Assume it to browse the archive' });
  }
}

function viewStatements({ bucket, key }: ArchiveBucket): PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'Read',
      // Versions as well: after tampering, the one before is what counts.
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [bucket.arnForObjects('*')],
    }),
    new PolicyStatement({
      sid: 'List',
      actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketVersions'],
      resources: [bucket.bucketArn],
    }),
    ...(key ? [new PolicyStatement({ sid: 'UseKey', actions: ['kms:Decrypt'], resources: [key.keyArn] })] : []),
  ];
}
