import { RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnServer } from 'aws-cdk-lib/aws-transfer';
import { Construct } from 'constructs';
import type { TransferSettings } from '../src/config/deployment-schema.js';
import { TransferNetwork } from './transfer-network.js';

export interface TransferServerProps {
  readonly settings: TransferSettings;
  /**
   * Answers who may sign in.
   * @default - users that AWS manages, with keys
   */
  readonly identityProvider?: IFunction;
}

const SIGN_IN = {
  key: 'PUBLIC_KEY',
  password: 'PASSWORD',
  either: 'PUBLIC_KEY_OR_PASSWORD',
  both: 'PUBLIC_KEY_AND_PASSWORD',
} as const;

/** The endpoint that recorders upload to. */
export class TransferServer extends Construct {
  readonly serverId: string;
  readonly serverArn: string;
  readonly logGroup: LogGroup;
  /** Where clients connect to: the custom name where there is one. */
  readonly host: string;
  /** What a custom name has to point to, as a CNAME; on an internal endpoint that is the name of the VPC endpoint instead. */
  readonly awsHost: string;
  readonly addresses: string[];

  constructor(scope: Construct, id: string, { settings, identityProvider }: TransferServerProps) {
    super(scope, id);
    const stack = Stack.of(this);
    // Who signed in and what was refused is evidence: it stays when the endpoint goes.
    this.logGroup = new LogGroup(this, 'Log', { retention: settings.log_days, removalPolicy: RemovalPolicy.RETAIN });
    const network = settings.endpoint === 'public' ? undefined : new TransferNetwork(this, 'Network', { settings });
    const server = new CfnServer(this, 'Server', {
      domain: 'S3',
      protocols: settings.protocols.map((protocol) => protocol.toUpperCase()),
      endpointType: network ? 'VPC' : 'PUBLIC',
      endpointDetails: network?.endpointDetails,
      certificate: settings.certificate,
      ...identity(settings, identityProvider),
      securityPolicyName: settings.security_policy,
      structuredLogDestinations: [this.logGroup.logGroupArn],
      protocolDetails: {
        // Many clients set times after each file; S3 has none to set, and would fail the upload over it.
        setStatOption: 'ENABLE_NO_OP',
        // FTPS data connections must prove to be of the same client as the control connection.
        ...(settings.protocols.includes('ftps') && { tlsSessionResumptionMode: 'ENFORCED' }),
      },
      // Without it each listing asks S3 about every folder, and a user's root must exist beforehand.
      s3StorageOptions: { directoryListingOptimization: 'ENABLED' },
    });
    if (settings.hostname) Tags.of(server).add('transfer:customHostname', settings.hostname);
    this.serverId = server.attrServerId;
    this.serverArn = server.attrArn;
    this.awsHost = `${server.attrServerId}.server.transfer.${stack.region}.${stack.urlSuffix}`;
    this.host = settings.hostname ?? this.awsHost;
    this.addresses = network?.addresses ?? [];
  }
}

function identity(settings: TransferSettings, provider: IFunction | undefined) {
  if (!provider) return { identityProviderType: 'SERVICE_MANAGED' };
  return {
    identityProviderType: 'AWS_LAMBDA',
    identityProviderDetails: {
      function: provider.functionArn,
      ...(settings.protocols.includes('sftp') && { sftpAuthenticationMethods: SIGN_IN[settings.sftp_sign_in] }),
    },
  };
}
