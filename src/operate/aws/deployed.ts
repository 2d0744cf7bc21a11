import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { Failure } from '../../../lib/errors.js';
import type { Deployment } from '../../config/deployment.js';
import { type AwsClients, translated } from './clients.js';
import { type HostKeyEntry, listHostKeys } from './host-keys.js';

/** What `cdk deploy` made, as the stacks tell. */
export interface Deployed {
  bucket: string;
  /** Where the stacks are. */
  region: string;
  endpoint: DeployedEndpoint | undefined;
  viewerRole: string | undefined;
  /** IAM users of sites that upload straight to S3, by site. */
  directUsers: Record<string, string>;
  stacks: DeployedStack[];
}

export interface DeployedEndpoint {
  serverId: string;
  host: string;
  /** What a CNAME of one's own has to point to. */
  awsHost: string;
  protocols: string[];
  addresses: string[];
  /** Begins the names of the secrets that hold password hashes; only where a Lambda function decides. */
  passwordSecrets: string | undefined;
  hostKeys: HostKeyEntry[];
}

export interface DeployedStack {
  name: string;
  /** `CREATE_COMPLETE`, `ROLLBACK_COMPLETE` …; `missing` where it is not there. */
  status: string;
}

type Outputs = Record<string, string>;

/** Reads outputs of all stacks and the endpoint's host keys. Rejects with `not-deployed` where there is no bucket yet. */
export async function readDeployed(deployment: Deployment, clients: AwsClients): Promise<Deployed> {
  const ends = ['Archive', 'Transfer', 'Direct', 'Viewer', 'Watch', 'Catalog'];
  const read = await Promise.all(ends.map((end) => readStack(`${deployment.name}${end}`, clients)));
  const [archive, transfer, direct, viewer] = read.map(({ outputs }) => outputs);
  const bucket = archive?.BucketName;
  if (bucket === undefined) {
    throw new Failure(`There is no stack ${deployment.name}Archive yet`, {
      kind: 'permanent',
      code: 'not-deployed',
      hint: `Deploy first: npx cdk deploy --all -c config=${deployment.origin}`,
    });
  }
  return {
    bucket,
    region: await translated('The region cannot be found out', () => clients.cloudFormation.config.region()),
    endpoint: transfer && (await endpointOf(transfer, clients)),
    viewerRole: viewer?.ViewerRole,
    directUsers: directUsersOf(deployment, direct),
    stacks: read
      .map(({ name, status }) => ({ name, status }))
      .filter(({ name, status }) => status !== 'missing' || isWanted(deployment, name)),
  };
}

async function readStack(
  name: string,
  { cloudFormation }: AwsClients,
): Promise<DeployedStack & { outputs: Outputs | undefined }> {
  return translated(`The stack ${name} cannot be looked up`, async () => {
    try {
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
      const { StackStatus = 'unknown', Outputs = [] } = Stacks?.[0] ?? {};
      const outputs = Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey!, OutputValue!]));
      return { name, status: StackStatus, outputs };
    } catch (error) {
      // There is no error of its own for a stack that is not there.
      if (/does not exist/.test((error as Error).message)) return { name, status: 'missing', outputs: undefined };
      throw error;
    }
  });
}

async function endpointOf(outputs: Outputs, clients: AwsClients): Promise<DeployedEndpoint> {
  const { ServerId = '', Host = '', AwsHost = '', Protocols = '', Addresses = '', PasswordSecrets } = outputs;
  return {
    ...{
      serverId: ServerId,
      host: Host,
      awsHost: AwsHost,
      protocols: Protocols.split(','),
      addresses: list(Addresses),
    },
    passwordSecrets: PasswordSecrets,
    hostKeys: await listHostKeys(ServerId, clients),
  };
}

function directUsersOf({ sites }: Deployment, outputs: Outputs = {}): Record<string, string> {
  // As cdk/direct-stack.ts names them: outputs take letters and digits only.
  const users = sites.map(({ name }) => [name, outputs[`User${name.replaceAll('-', 'X')}`]] as const);
  return Object.fromEntries(users.filter((user): user is readonly [string, string] => user[1] !== undefined));
}

function isWanted({ name, transfer, alarms, catalog, sites }: Deployment, stack: string): boolean {
  const wanted: Record<string, boolean> = {
    ...{ Archive: true, Viewer: true, Transfer: transfer !== undefined },
    Direct: sites.some(({ transport }) => transport === 's3'),
    ...{ Watch: alarms !== undefined, Catalog: catalog !== undefined },
  };
  return wanted[stack.slice(name.length)] ?? false;
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}
