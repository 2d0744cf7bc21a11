import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { Failure } from '../../lib/errors.js';
import { generateHostKey, hostKeyFingerprint } from '../../lib/transfer-endpoint/host-key.js';
import { accessSecretOf, PASSWORD_LENGTH } from '../config/access-secret.js';
import { type Deployment, loadDeployment } from '../config/deployment.js';
import { type AwsClients, connectAws, translated } from '../operate/aws/clients.js';
import { type DeployedEndpoint, readDeployed } from '../operate/aws/deployed.js';
import { importHostKey, listHostKeys, olderOfSameType, retireHostKeys } from '../operate/aws/host-keys.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { usage } from './format.js';

const PIN_HINT = 'Recorders have to pin all of them; on each: nvr-uplink aws outputs --write';

/** `nvr-uplink aws keys import FILE` */
export async function awsKeysImport(context: Context, options: GlobalOptions, file: string): Promise<number> {
  const privateKey = readFileSync(file, 'utf8');
  // Before it is sent anywhere: it must be a key.
  const fingerprint = hostKeyFingerprint(privateKey);
  return withEndpoint(context, options, async ({ serverId }, clients) => {
    const id = await importHostKey(serverId, { privateKey, description: 'imported by nvr-uplink' }, clients);
    await tellKeys(context, options, { serverId, clients, added: { id, fingerprint } });
    return EXIT.ok;
  });
}

/** `nvr-uplink aws keys rotate [--finish]`: two keys are there until every recorder has pinned both. */
export async function awsKeysRotate(
  context: Context,
  options: GlobalOptions & { finish?: boolean; yes?: boolean },
): Promise<number> {
  return withEndpoint(context, options, async ({ serverId, hostKeys }, clients) => {
    if (options.finish) return finish(context, options, serverId, clients);
    const waiting = olderOfSameType(hostKeys);
    if (waiting.length > 0) {
      throw new Failure('A rotation is under way: there are two host keys of one type', {
        kind: 'permanent',
        code: 'rotation-under-way',
        hint: 'When every recorder has pinned both: nvr-uplink aws keys rotate --finish',
      });
    }
    const { privateKey, fingerprint } = generateHostKey();
    const id = await importHostKey(serverId, { privateKey, description: 'made by nvr-uplink' }, clients);
    await tellKeys(context, options, { serverId, clients, added: { id, fingerprint } });
    return EXIT.ok;
  });
}

async function finish(
  context: Context,
  options: GlobalOptions & { yes?: boolean },
  serverId: string,
  clients: AwsClients,
): Promise<number> {
  if (!options.yes) {
    throw usage(
      'Recorders that have pinned only the old key are shut out by this',
      'Once every recorder has both, say so with --yes.',
    );
  }
  const retired = await retireHostKeys(serverId, clients);
  if (options.json) printJson(context, { retired, hostKeys: await listHostKeys(serverId, clients) });
  else print(context, `Taken off: ${retired.map(({ fingerprint }) => fingerprint).join(', ')}`);
  return EXIT.ok;
}

/** `nvr-uplink aws keys password SITE`: the one moment at which the password exists in clear. */
export async function awsKeysPassword(context: Context, options: GlobalOptions, site: string): Promise<number> {
  return withEndpoint(context, options, async ({ passwordSecrets }, clients, deployment) => {
    if (!deployment.sites.some(({ name }) => name === site)) {
      throw usage(`There is no site "${site}"`, `Known are: ${deployment.sites.map(({ name }) => name).join(', ')}`);
    }
    if (passwordSecrets === undefined) {
      throw usage('This endpoint knows no passwords', 'Write `identity: lambda` in aws.transfer, and deploy.');
    }
    const password = makePassword();
    const SecretString = await accessSecretOf(password);
    await translated(`The password of ${site} cannot be set`, () =>
      clients.secrets.send(new PutSecretValueCommand({ SecretId: `${passwordSecrets}${site}`, SecretString })),
    );
    if (options.json) printJson(context, { site, username: site, password });
    else
      print(
        context,
        `username  ${site}\npassword  ${password}\n\nIt is kept nowhere: put it into the recorder or NVR now.`,
      );
    return EXIT.ok;
  });
}

/** Without letters and digits that are taken for each other: it is typed into NVRs with a mouse. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

function makePassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

async function withEndpoint(
  context: Context,
  options: GlobalOptions,
  work: (endpoint: DeployedEndpoint, clients: AwsClients, deployment: Deployment) => Promise<number>,
): Promise<number> {
  const { deployment } = loadDeployment(options.config ?? context.env.NVR_UPLINK_CONFIG);
  const clients = connectAws(deployment.region);
  try {
    const { endpoint } = await readDeployed(deployment, clients);
    if (!endpoint)
      throw usage('There is no endpoint', 'Sites that upload straight to S3 have neither host keys nor passwords.');
    return await work(endpoint, clients, deployment);
  } finally {
    clients.close();
  }
}

async function tellKeys(
  context: Context,
  options: GlobalOptions,
  now: { serverId: string; clients: AwsClients; added: { id: string; fingerprint: string } },
): Promise<void> {
  const hostKeys = await listHostKeys(now.serverId, now.clients);
  if (options.json) printJson(context, { added: now.added, hostKeys });
  else {
    print(context, `Added ${now.added.fingerprint}. The endpoint may show any of:`);
    for (const { fingerprint, type } of hostKeys) print(context, `  ${fingerprint}  ${type}`);
    print(context, `→ ${PIN_HINT}`);
  }
}
