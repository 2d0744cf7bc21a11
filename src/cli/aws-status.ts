import { DescribeServerCommand } from '@aws-sdk/client-transfer';
import { loadDeployment } from '../config/deployment.js';
import { type AwsClients, connectAws, translated } from '../operate/aws/clients.js';
import { type Deployed, readDeployed } from '../operate/aws/deployed.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { table } from './format.js';

interface ServerState {
  state: string;
  securityPolicy: string;
  users: number | null;
}

/** `nvr-uplink aws status`: exit 3 where a stack is missing or broken, or the endpoint is not online. */
export async function awsStatus(context: Context, options: GlobalOptions): Promise<number> {
  const { deployment } = loadDeployment(options.config ?? context.env.NVR_UPLINK_CONFIG);
  const clients = connectAws(deployment.region);
  try {
    const deployed = await readDeployed(deployment, clients);
    const server = deployed.endpoint && (await serverState(deployed.endpoint.serverId, clients));
    const problems = problemsOf(deployed, server);
    if (options.json) printJson(context, { ...deployed, server: server ?? null, problems });
    else print(context, readable(deployed, server, problems));
    return problems.length === 0 ? EXIT.ok : EXIT.degraded;
  } finally {
    clients.close();
  }
}

async function serverState(serverId: string, { transfer }: AwsClients): Promise<ServerState> {
  const { Server } = await translated(`The server ${serverId} cannot be looked up`, () =>
    transfer.send(new DescribeServerCommand({ ServerId: serverId })),
  );
  const { State = 'unknown', SecurityPolicyName = 'unknown', UserCount } = Server ?? {};
  return { state: State, securityPolicy: SecurityPolicyName, users: UserCount ?? null };
}

function problemsOf({ stacks, endpoint }: Deployed, server: ServerState | undefined): string[] {
  return [
    ...stacks
      .filter(({ status }) => !/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status))
      .map(({ name, status }) => `The stack ${name} is ${status}.`),
    ...(server && server.state !== 'ONLINE' ? [`The endpoint is ${server.state}, and bills all the same.`] : []),
    ...(endpoint && endpoint.hostKeys.length === 0 ? ['The endpoint shows no host key.'] : []),
  ];
}

function readable({ bucket, stacks, endpoint }: Deployed, server: ServerState | undefined, problems: string[]): string {
  const keys = endpoint?.hostKeys.map(({ id, type, fingerprint, importedAt }) => [
    ...[id, type, fingerprint, importedAt ?? ''],
  ]);
  return [
    ...problems.map((problem) => `! ${problem}`),
    ...(problems.length > 0 ? [''] : []),
    `bucket    ${bucket}`,
    ...(endpoint && server
      ? [`endpoint  ${endpoint.host} (${endpoint.protocols.join(', ')}): ${server.state}, ${server.securityPolicy}`]
      : ['endpoint  none: sites upload straight to S3']),
    '',
    table(
      ['STACK', 'STATUS'],
      stacks.map(({ name, status }) => [name, status]),
    ),
    ...(keys ? ['', table(['HOST KEY', 'TYPE', 'FINGERPRINT', 'SINCE'], keys)] : []),
  ].join('\n');
}
