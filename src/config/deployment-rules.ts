import type { DeployedSite, Deployment } from './deployment.js';
import type { TransferSettings } from './deployment-schema.js';
import type { Fault } from './faults.js';
import { tierRefusal } from './tiers.js';

/** A template of CloudFormation holds 500 resources, and a site takes up to three. */
const MAX_SITES = 150;

/** What AWS refuses, or takes and then does something else: each with what to write instead. All are told together. */
export function deploymentRefusals(deployment: Deployment): Fault[] {
  const { transfer, sites } = deployment;
  return [
    ...fleetRefusals(sites),
    ...bucketRefusals(deployment),
    ...(transfer ? transferRefusals(transfer) : []),
    ...sites.flatMap((site) => siteRefusals(site, transfer)),
    ...(deployment.catalog ? catalogRefusals(sites) : []),
  ];
}

function fleetRefusals(sites: readonly DeployedSite[]): Fault[] {
  if (sites.length <= MAX_SITES) return [];
  const remedy = `${sites.length} sites do not fit into one deployment; make several files of up to ${MAX_SITES} sites, each with an aws.name of its own`;
  return [{ path: 'sites', remedy }];
}

function bucketRefusals({ bucket }: Deployment): Fault[] {
  const { retention, object_lock, tier } = bucket;
  const faults: Fault[] = [];
  if (object_lock && retention !== undefined && object_lock.for > retention) {
    faults.push({
      path: 'aws.bucket.object_lock.for',
      value: `${object_lock.for}d`,
      remedy: `footage cannot expire after ${retention} days while it is locked for ${object_lock.for}; lengthen aws.bucket.retention or shorten the lock`,
    });
  }
  const refusal = tier === 'none' || tier === 'auto' ? undefined : tierRefusal(tier, retention);
  if (refusal) faults.push({ path: 'aws.bucket.tier', value: tier, remedy: refusal });
  return faults;
}

function transferRefusals(transfer: TransferSettings): Fault[] {
  const { protocols, endpoint, identity, certificate, hostname } = transfer;
  const speaks = (protocol: 'sftp' | 'ftps' | 'ftp') => protocols.includes(protocol);
  const faults: Fault[] = [];
  const refuse = (field: string, value: string | undefined, remedy: string) =>
    faults.push({ path: `aws.transfer.${field}`, value, remedy });
  if (new Set(protocols).size < protocols.length) refuse('protocols', protocols.join(', '), 'name each protocol once');
  if (speaks('ftps') && endpoint === 'public') {
    refuse('endpoint', 'public', 'AWS offers only SFTP on a public endpoint; for FTPS write `endpoint: vpc`');
  }
  if (speaks('ftp') && endpoint !== 'vpc-internal') {
    refuse(
      'endpoint',
      endpoint,
      'FTP sends passwords and footage unencrypted, and AWS keeps it off the internet; write `endpoint: vpc-internal` and reach it through a VPN, or use ftps',
    );
  }
  if ((speaks('ftps') || speaks('ftp')) && identity === 'service') {
    refuse(
      'identity',
      'service',
      'users that AWS manages have keys and no passwords, which FTPS and FTP need; write `identity: lambda`',
    );
  }
  if (speaks('ftps') && !certificate) {
    refuse(
      'certificate',
      undefined,
      'FTPS needs a certificate: request one in ACM for `hostname` and write its ARN here',
    );
  }
  if (speaks('ftps') && !hostname) {
    refuse(
      'hostname',
      undefined,
      "FTPS clients verify the server's name: write the host name that the certificate is for",
    );
  }
  if (certificate && !speaks('ftps')) {
    refuse('certificate', certificate, 'only FTPS uses a certificate; remove it, or add ftps to `protocols`');
  }
  if (identity === 'service' && transfer.sftp_sign_in !== 'key') {
    refuse(
      'sftp_sign_in',
      transfer.sftp_sign_in,
      'users that AWS manages sign in with keys only; write `identity: lambda`',
    );
  }
  return [...faults, ...networkRefusals(transfer)];
}

function networkRefusals({ endpoint, allow, vpc }: TransferSettings): Fault[] {
  if (endpoint !== 'public') return [];
  const faults: Fault[] = [];
  if (allow) {
    faults.push({
      path: 'aws.transfer.allow',
      value: '[…]',
      remedy: 'a public endpoint answers everybody; to let in only some addresses write `endpoint: vpc`',
    });
  }
  if (vpc) {
    faults.push({
      path: 'aws.transfer.vpc',
      value: vpc.id,
      remedy: 'a public endpoint lies in no network of yours; write `endpoint: vpc` or `vpc-internal`, or remove this',
    });
  }
  return faults;
}

function siteRefusals(site: DeployedSite, transfer: TransferSettings | undefined): Fault[] {
  const faults: Fault[] = [];
  const refuse = (field: string, value: string | undefined, remedy: string) =>
    faults.push({ path: ['sites', site.name, field].filter(Boolean).join('.'), value, remedy });
  if (site.transport === 's3') {
    if (site.keys.length > 0)
      refuse('keys', '[…]', 'a site that uploads straight to S3 signs in with an access key; remove these');
    if (site.allow)
      refuse('allow', '[…]', 'address ranges are checked by the sign-in of aws.transfer, which this site does not use');
    return faults;
  }
  if (!transfer?.protocols.includes(site.transport)) {
    const remedy = transfer
      ? `the endpoint speaks ${transfer.protocols.join(', ')}; add ${site.transport} to aws.transfer.protocols`
      : 'there is no endpoint; add `aws: { transfer: {} }`, or write `transport: s3`';
    refuse('transport', site.transport, remedy);
    return faults;
  }
  if (site.name.length < 3) {
    refuse(
      '',
      undefined,
      `"${site.name}" is also its user name at the endpoint, which must have at least 3 characters`,
    );
  }
  if (site.allow && transfer.identity === 'service') {
    refuse('allow', '[…]', 'users that AWS manages may come from anywhere; write `identity: lambda` in aws.transfer');
  }
  if (site.keys.length === 0 && needsKey(site, transfer)) {
    refuse(
      'keys',
      undefined,
      "the recorder signs in with a key: make one with `ssh-keygen -t ed25519 -f id_ed25519 -N ''` and write the line of id_ed25519.pub here",
    );
  }
  return faults;
}

function needsKey(site: DeployedSite, { identity, sftp_sign_in }: TransferSettings): boolean {
  if (site.transport !== 'sftp') return false;
  return identity === 'service' || sftp_sign_in === 'key' || sftp_sign_in === 'both';
}

function catalogRefusals(sites: readonly DeployedSite[]): Fault[] {
  return sites
    .filter((site) => !site.cameras)
    .map((site) => ({
      path: `sites.${site.name}.cameras`,
      remedy: 'the catalogue finds days by site and camera: list the cameras of this site, or remove aws.catalog',
    }));
}
