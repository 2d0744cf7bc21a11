import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnUser } from 'aws-cdk-lib/aws-transfer';
import type { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { TransferSettings } from '../src/config/deployment-schema.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { IdentityProvider } from './identity-provider.js';
import { TransferServer } from './transfer-server.js';
import { UploadRole } from './upload-role.js';

export interface TransferStackProps extends StackProps {
  readonly archive: ArchiveBucket;
  readonly settings: TransferSettings;
  /** Those that upload through the endpoint. */
  readonly sites: readonly DeployedSite[];
}

/** The upload endpoint and its users. It bills by the hour, also when stopped: taking this stack down is what ends that. */
export class TransferStack extends Stack {
  readonly server: TransferServer;

  constructor(scope: Construct, id: string, props: TransferStackProps) {
    super(scope, id, props);
    this.server = props.settings.identity === 'lambda' ? this.#withIdentityProvider(props) : this.#withUsers(props);
    this.#tell(props.settings);
  }

  /** Users that AWS keeps: keys, and nothing to run. */
  #withUsers({ archive, settings, sites }: TransferStackProps): TransferServer {
    const server = new TransferServer(this, 'Transfer', { settings });
    for (const site of sites) {
      const role = new UploadRole(this, `Role-${site.name}`, { archive, site, serverId: server.serverId });
      new CfnUser(this, `User-${site.name}`, {
        serverId: server.serverId,
        userName: site.name,
        role: role.roleArn,
        sshPublicKeys: site.keys,
        homeDirectoryType: 'LOGICAL',
        // Not as `/`: keys begin with the site wherever they are put, so that SFTP and S3 lead to one archive.
        homeDirectoryMappings: [
          { entry: `/${site.name}`, target: Fn.join('/', ['', archive.bucket.bucketName, site.name]) },
        ],
      });
    }
    return server;
  }

  #withIdentityProvider({ archive, settings, sites }: TransferStackProps): TransferServer {
    const provider = new IdentityProvider(this, 'SignIn', { archive, settings, sites });
    const server = new TransferServer(this, 'Transfer', { settings, identityProvider: provider.handler });
    provider.handler.addPermission('Transfer', {
      principal: new ServicePrincipal('transfer.amazonaws.com'),
      sourceArn: server.serverArn,
    });
    new CfnOutput(this, 'PasswordSecrets', { value: provider.secretsPath, description: 'Begins the names of secrets' });
    return server;
  }

  /** What `nvr-uplink aws outputs` writes into the configuration. */
  #tell(settings: TransferSettings): void {
    const { serverId, host, awsHost, addresses, logGroup } = this.server;
    new CfnOutput(this, 'ServerId', { value: serverId, description: 'The Transfer Family server' });
    new CfnOutput(this, 'Host', { value: host, description: 'Where recorders upload to' });
    new CfnOutput(this, 'AwsHost', { value: awsHost, description: 'What a CNAME of your own has to point to' });
    new CfnOutput(this, 'Protocols', { value: settings.protocols.join(',') });
    new CfnOutput(this, 'LogGroup', { value: logGroup.logGroupName, description: 'Who signed in, and what arrived' });
    if (addresses.length > 0) {
      new CfnOutput(this, 'Addresses', { value: Fn.join(',', addresses), description: 'For firewalls; they stay' });
    }
  }
}
