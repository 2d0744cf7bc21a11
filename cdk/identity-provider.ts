import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { TransferSettings } from '../src/config/deployment-schema.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { argue } from './argued-checks.js';
import { HandlerFunction } from './handler-function.js';
import type { SiteRecord } from './handlers/sign-in.js';
import { UploadRole } from './upload-role.js';

export interface IdentityProviderProps {
  readonly archive: ArchiveBucket;
  readonly settings: TransferSettings;
  readonly sites: readonly DeployedSite[];
}

/**
 * Decides who signs in, with keys or passwords and from where. What a site is stands in a parameter; its password's hash in a secret,
 * which the deployment makes empty and `nvr-uplink aws keys password SITE` fills.
 */
export class IdentityProvider extends Construct {
  readonly handler: IFunction;
  /** The user's name follows. */
  readonly secretsPath: string;

  constructor(scope: Construct, id: string, { archive, settings, sites }: IdentityProviderProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const sitesPath = `/${stack.stackName}/sites/`;
    this.secretsPath = `${stack.stackName}/passwords/`;
    const handler = new HandlerFunction(this, 'Handler', {
      handler: 'identity-provider',
      description: 'nvr-uplink: who may sign in to the upload endpoint',
      environment: { SITES_PATH: sitesPath, SECRETS_PATH: this.secretsPath },
      // A password's hash takes 32 MiB and, on a processor share of this much memory, a fifth of a second.
      memorySize: 512,
    });
    handler.addToRolePolicy(
      new PolicyStatement({
        sid: 'ReadSites',
        actions: ['ssm:GetParameter'],
        // The path begins with the slash that separates it.
        resources: [stack.formatArn({ service: 'ssm', resource: `parameter${sitesPath}*` })],
      }),
    );
    const withPassword = sites.filter((site) => mayUsePassword(site, settings));
    for (const site of sites) {
      const role = new UploadRole(this, `Role-${site.name}`, { archive, site, serverId: '*' });
      const record: SiteRecord = {
        ...{ role: role.roleArn, bucket: archive.bucket.bucketName, mode: site.mode, keys: site.keys },
        ...{ allow: site.allow, keyArn: archive.key?.keyArn },
      };
      new StringParameter(this, `Site-${site.name}`, {
        parameterName: `${sitesPath}${site.name}`,
        description: `nvr-uplink: what ${site.name} may do`,
        stringValue: stack.toJsonString(record),
      });
    }
    for (const site of withPassword) this.#makeSecret(site);
    if (withPassword.length > 0) {
      handler.addToRolePolicy(
        new PolicyStatement({
          sid: 'ReadPasswordHashes',
          actions: ['secretsmanager:GetSecretValue'],
          resources: [
            stack.formatArn({
              ...{ service: 'secretsmanager', resource: 'secret', resourceName: `${this.secretsPath}*` },
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          ],
        }),
      );
    }
    this.#argue(sitesPath);
    this.handler = handler;
  }

  #argue(sitesPath: string): void {
    const reason =
      'Who will ask is not known beforehand: the sign-in reads the record and the hash of any site, and of nothing else.';
    argue(this, { rule: 'IAM5', findingEnd: `:parameter${sitesPath}*`, reason });
    argue(this, { rule: 'IAM5', findingEnd: `:secret:${this.secretsPath}*`, reason });
  }

  /** Empty: a password that CloudFormation made could be read in the console, and no hash of it could be kept instead. */
  #makeSecret(site: DeployedSite): void {
    const secret = new CfnSecret(this, `Password-${site.name}`, {
      name: `${this.secretsPath}${site.name}`,
      description: `nvr-uplink: the hash of the upload password of ${site.name}`,
    });
    argue(secret, {
      rule: 'SMG4',
      reason:
        'The password stands in an NVR, which no rotation can reach: `nvr-uplink aws keys password` sets both, and the secret is but a hash.',
    });
  }
}

function mayUsePassword({ transport }: DeployedSite, { sftp_sign_in }: TransferSettings): boolean {
  return transport !== 'sftp' || sftp_sign_in !== 'key';
}
