import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Policy, User } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { arguePrefix, uploadDocument } from './upload-role.js';

export interface DirectStackProps extends StackProps {
  readonly archive: ArchiveBucket;
  /** Those that upload straight to S3. */
  readonly sites: readonly DeployedSite[];
}

/**
 * The cheap road: sites that put straight into the bucket, each as a user of its own with the same rights as at the endpoint. Their access
 * keys are made by hand (docs/deploy-aws.md), so that no secret passes through a template.
 */
export class DirectStack extends Stack {
  constructor(scope: Construct, id: string, { archive, sites, ...props }: DirectStackProps) {
    super(scope, id, props);
    for (const site of sites) {
      const user = new User(this, `User-${site.name}`);
      const document = uploadDocument(archive, site);
      arguePrefix(new Policy(this, `Upload-${site.name}`, { document, users: [user] }), site);
      new CfnOutput(this, `User${outputName(site.name)}`, {
        value: user.userName,
        description: `The IAM user of ${site.name}: aws iam create-access-key --user-name …`,
      });
    }
  }
}

/** Outputs take letters and digits only; `-` is told apart as `X`, which no site has. */
export function outputName(site: string): string {
  return site.replaceAll('-', 'X');
}
