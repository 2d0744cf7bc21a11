import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { argue } from './argued-checks.js';
import { uploadStatements } from './upload-policy.js';

export interface UploadRoleProps {
  readonly archive: ArchiveBucket;
  readonly site: DeployedSite;
  /** The server whose users alone may act under the role; `*` where naming it would make a circle. */
  readonly serverId: string;
}

/** What Transfer Family acts as for one site: a role of its own, so that no mistake in another opens this one. */
export class UploadRole extends Role {
  constructor(scope: Construct, id: string, { archive, site, serverId }: UploadRoleProps) {
    const stack = Stack.of(scope);
    super(scope, id, {
      description: `nvr-uplink: uploads of ${site.name}`,
      // Without these conditions, another account's server could act under the role (the confused deputy).
      assumedBy: new ServicePrincipal('transfer.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: {
            'aws:SourceArn': stack.formatArn({ service: 'transfer', resource: 'user', resourceName: `${serverId}/*` }),
          },
        },
      }),
      inlinePolicies: { upload: uploadDocument(archive, site) },
    });
    arguePrefix(this, site);
  }
}

export function arguePrefix(scope: Construct, site: DeployedSite): void {
  argue(scope, {
    rule: 'IAM5',
    findingEnd: `/${site.name}/*`,
    reason: 'Keys are made of the time: a site may put any object below its own prefix, and nothing elsewhere.',
  });
}

export function uploadDocument(archive: ArchiveBucket, site: DeployedSite): PolicyDocument {
  const { name, mode } = site;
  const scope = { bucketArn: archive.bucket.bucketArn, site: name, mode, keyArn: archive.key?.keyArn };
  return new PolicyDocument({ statements: uploadStatements(scope).map((one) => PolicyStatement.fromJson(one)) });
}
