import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { TransferClient } from '@aws-sdk/client-transfer';
import { Failure, messageOf } from '../../../lib/errors.js';

/** What `nvr-uplink aws` talks to, signed in as whoever runs it: AWS_PROFILE, environment, instance role. */
export interface AwsClients {
  cloudFormation: CloudFormationClient;
  transfer: TransferClient;
  secrets: SecretsManagerClient;
  s3: S3Client;
  /** Lets go of all connections. */
  close(): void;
}

export function connectAws(region: string | undefined): AwsClients {
  // Without one here, the SDK takes that of the profile or the environment.
  const config = { ...(region !== undefined && { region }), maxAttempts: 5 };
  const clients = {
    cloudFormation: new CloudFormationClient(config),
    transfer: new TransferClient(config),
    secrets: new SecretsManagerClient(config),
    // Buckets of servers other than AWS are paths; those of AWS may be.
    s3: new S3Client({ ...config, forcePathStyle: true }),
  };
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

const SIGN_IN_HINT = 'Sign in to AWS first: `aws configure`, or set AWS_PROFILE.';

/** Runs `work`; what the SDK throws comes out as a `Failure` that says what to do. */
export async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const { name } = cause as Error;
    const [code, hint] = /Credentials|ExpiredToken|UnrecognizedClient|InvalidClientToken/.test(name)
      ? ['aws-not-signed-in', SIGN_IN_HINT]
      : /AccessDenied|UnauthorizedOperation/.test(name)
        ? ['permission-denied', 'Whoever is signed in to AWS lacks this right; sign in as somebody who may deploy.']
        : /region is missing/i.test(messageOf(cause))
          ? ['aws-region-missing', 'Write `aws: { region: … }` in the configuration, or set AWS_REGION.']
          : ['aws-failed', 'Check the connection to AWS, then run it again.'];
    throw new Failure(`${what}: ${messageOf(cause)}`, { kind: 'permanent', code: code!, hint, cause });
  }
}
