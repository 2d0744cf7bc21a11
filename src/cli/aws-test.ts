import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { TestIdentityProviderCommand } from '@aws-sdk/client-transfer';
import { Failure, messageOf } from '../../lib/errors.js';
import type { Receipt, Remote } from '../../lib/remote/remote.js';
import { mayRead } from '../../lib/remote/sftp-read.js';
import { readKey } from '../config/access.js';
import { type DeployedSite, loadDeployment } from '../config/deployment.js';
import { loadConfig } from '../config/load.js';
import type { RemoteConfig } from '../config/schema.js';
import { type AwsClients, connectAws, translated } from '../operate/aws/clients.js';
import { type DeployedEndpoint, readDeployed } from '../operate/aws/deployed.js';
import { compactTime } from '../segment.js';
import { connectRemote } from '../upload/connect.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { usage } from './format.js';
import { ledgerPins } from './pins.js';

interface Step {
  name: string;
  /** `skipped`: it does not apply here, and `detail` says why. */
  result: 'ok' | 'failed' | 'skipped';
  detail: string;
}

/** `nvr-uplink aws test`: does what the recorder does, and what a thief of its credentials would try. Exit 1 if anything is not as it must be. */
export async function awsTest(context: Context, options: GlobalOptions & { remote: string }): Promise<number> {
  const { config } = loadConfig(options.config, context.env);
  const { deployment } = loadDeployment(options.config ?? context.env.NVR_UPLINK_CONFIG);
  const settings = config.remotes[options.remote];
  if (!settings) throw usage(`There is no remote "${options.remote}"`, 'Write it: nvr-uplink aws outputs --write');
  const site = deployment.sites.find(({ name }) => name === config.site);
  if (!site) throw usage(`The site "${config.site}" is not in \`sites\``, 'Add it there, and deploy.');
  const clients = connectAws(deployment.region);
  const { pins, release } = await ledgerPins(config);
  const remote = await connectRemote(options.remote, settings, pins, context.clock);
  try {
    const { bucket, endpoint } = await readDeployed(deployment, clients);
    const trial: Trial = {
      ...{ context, remote, site, bucket, clients, endpoint, settings },
      key: `${site.name}/test/${compactTime(context.clock.now())}.txt`,
    };
    const steps: Step[] = [];
    for (const [name, perform] of STEPS) {
      const step = { name, ...(await attempted(() => perform(trial))) };
      steps.push(step);
      if (!options.json) print(context, `${MARKS[step.result]} ${step.name.padEnd(28)} ${step.detail}`);
    }
    if (options.json) printJson(context, { steps, key: trial.key });
    return steps.some(({ result }) => result === 'failed') ? EXIT.failed : EXIT.ok;
  } finally {
    await remote.close();
    release();
    clients.close();
  }
}

const READ_MS = 30_000;

const MARKS = { ok: '✓', failed: '✗', skipped: '–' };

interface Trial {
  context: Context;
  remote: Remote;
  settings: RemoteConfig;
  site: DeployedSite;
  bucket: string;
  endpoint: DeployedEndpoint | undefined;
  clients: AwsClients;
  key: string;
  /** Of the first write, once it was made. */
  receipt?: Receipt;
}

type Outcome = Omit<Step, 'name'>;
const ok = (detail: string): Outcome => ({ result: 'ok', detail });
const failed = (detail: string): Outcome => ({ result: 'failed', detail });
const skipped = (detail: string): Outcome => ({ result: 'skipped', detail });

async function attempted(perform: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await perform();
  } catch (error) {
    const hint = error instanceof Failure && error.hint ? ` → ${error.hint}` : '';
    return failed(messageOf(error) + hint);
  }
}

const STEPS: readonly [string, (trial: Trial) => Promise<Outcome>][] = [
  ['pinned host keys', pinnedKeys],
  ['sign-in function', signInFunction],
  ['write below its own prefix', writeOwn],
  ['read it back', readBack],
  ['write for another site', writeElsewhere],
  ['overwrite', overwrite],
];

/** A key that is active and not pinned shuts the recorder out on the day the endpoint shows it. */
async function pinnedKeys({ settings, endpoint }: Trial): Promise<Outcome> {
  if (settings.type !== 'sftp' || !endpoint) return skipped('only SFTP has host keys');
  const active = endpoint.hostKeys.map(({ fingerprint }) => fingerprint);
  if (settings.host_key === 'trust-on-first-use')
    return failed('trust-on-first-use: pin them with `aws outputs --write`');
  const pinned = settings.host_key.map((one) => one.replace(/=$/, ''));
  const missing = active.filter((one) => !pinned.includes(one));
  return missing.length === 0
    ? ok(`all ${active.length} are pinned`)
    : failed(`not pinned: ${missing.join(', ')}; run \`aws outputs --write\``);
}

async function signInFunction({ settings, endpoint, site, clients }: Trial): Promise<Outcome> {
  if (!endpoint) return skipped('there is no endpoint');
  if (endpoint.passwordSecrets === undefined) return skipped('AWS keeps the users itself; it tests only functions');
  const password = 'password' in settings ? settings.password : undefined;
  const reply = await translated('The sign-in cannot be tested', () =>
    clients.transfer.send(
      new TestIdentityProviderCommand({
        ...{ ServerId: endpoint.serverId, UserName: site.name, UserPassword: password },
        ServerProtocol: site.transport === 'ftps' ? 'FTPS' : site.transport === 'ftp' ? 'FTP' : 'SFTP',
      }),
    ),
  );
  // What it answers holds the policy, and nothing secret; `{}` is a refusal.
  const isGranted = reply.StatusCode === 200 && (reply.Response ?? '').includes('"Role"');
  return isGranted
    ? ok(`lets ${site.name} in`)
    : failed(`refuses ${site.name}: ${reply.Message || 'no role was granted'}`);
}

async function writeOwn(trial: Trial): Promise<Outcome> {
  const { remote, key, context } = trial;
  trial.receipt = await write(remote, key, 'first', context);
  const { bytes, proven } = trial.receipt;
  return ok(`${bytes} bytes at ${key}, size ${proven === 'accepted' ? 'not looked up' : 'verified'}`);
}

async function write(remote: Remote, key: string, text: string, context: Context): Promise<Receipt> {
  const dir = await mkdtemp(join(tmpdir(), 'nvr-uplink-test-'));
  try {
    const file = join(dir, 'test.txt');
    await writeFile(file, `nvr-uplink aws test: ${text}\n`);
    return await remote.put(key, file, context.signal);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function readBack({ key, site, settings, context, receipt }: Trial): Promise<Outcome> {
  if (!receipt) return failed('there is nothing of ours to read');
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(READ_MS)]);
  // Elsewhere the uploader's own look-up tells: it asks for the object first, and lists where that is denied.
  const allowed = settings.type === 'sftp' ? await readOverSftp(settings, key, signal) : receipt.provenBy === 'stat';
  if (site.mode === 'verify')
    return allowed ? ok('is allowed, as mode `verify` says') : failed('is denied, and should not be');
  return allowed ? failed('is allowed, and must not be') : ok('is denied');
}

/** A put-only remote finds the size of what it put in a listing: only opening the file tells whether it may be read. */
function readOverSftp(
  settings: Extract<RemoteConfig, { type: 'sftp' }>,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { host, port, username, password, passphrase, host_key, key_file, root } = settings;
  if (host_key === 'trust-on-first-use')
    throw usage('The host is not pinned', 'Pin it: nvr-uplink aws outputs --write');
  const privateKey = key_file === undefined ? undefined : readKey(key_file);
  const path = root === '' ? key : `${root.replace(/\/+$/, '')}/${key}`;
  return mayRead({ host, port, username, password, passphrase, privateKey }, { hostKeys: host_key, path, signal });
}

async function writeElsewhere({ remote, key, context }: Trial): Promise<Outcome> {
  try {
    await write(remote, `nobody-${key}`, 'elsewhere', context);
  } catch (error) {
    if (error instanceof Failure && error.code === 'permission-denied') return ok('is denied');
    throw error;
  }
  return failed('is allowed, and must not be: who has these credentials can write everywhere');
}

/** It cannot be denied, so nothing may be lost by it; who is signed in to AWS looks at the versions. */
async function overwrite({ remote, key, context, bucket, clients }: Trial): Promise<Outcome> {
  try {
    await write(remote, key, 'second', context);
  } catch (error) {
    if (error instanceof Failure && (error.code === 'permission-denied' || error.code === 'key-taken'))
      return ok('is denied');
    throw error;
  }
  const { Versions = [] } = await translated('The versions cannot be listed', () =>
    clients.s3.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key })),
  );
  return Versions.length >= 2
    ? ok('loses nothing: the first version is still there')
    : failed('replaced the first version');
}
