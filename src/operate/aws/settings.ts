import { Failure } from '../../../lib/errors.js';
import type { Deployment } from '../../config/deployment.js';
import type { Setting } from '../../config/edit.js';
import type { Deployed } from './deployed.js';

/** One setting to write: where, and what. */
export interface Wanted {
  path: string[];
  value: Setting;
}

/**
 * What the recorder of a site has to be told of the deployment: host, user, pinned keys, bucket. How it signs in (key file,
 * password, access key) is its own affair and not touched.
 */
export function recorderSettings(deployment: Deployment, deployed: Deployed, siteName: string): Wanted[] {
  const site = deployment.sites.find(({ name }) => name === siteName);
  if (!site) {
    throw new Failure(`There is no site "${siteName}" in ${deployment.origin}`, {
      kind: 'permanent',
      code: 'usage',
      hint: `Known are: ${deployment.sites.map(({ name }) => name).join(', ')}; choose one with --site NAME.`,
    });
  }
  const { bucket, region, endpoint } = deployed;
  const archive: Wanted[] = [
    { path: ['archive', 'type'], value: 's3' },
    { path: ['archive', 'bucket'], value: bucket },
    { path: ['archive', 'region'], value: region },
  ];
  const remote = (name: string, value: Setting): Wanted => ({ path: ['remotes', 'aws', name], value });
  if (site.transport === 's3') {
    return [remote('type', 's3'), remote('bucket', bucket), remote('region', region), ...archive];
  }
  if (!endpoint) {
    throw new Failure(`There is no stack ${deployment.name}Transfer yet`, {
      kind: 'permanent',
      code: 'not-deployed',
      hint: `Deploy it: npx cdk deploy --all -c config=${deployment.origin}`,
    });
  }
  const where = [remote('type', site.transport), remote('host', endpoint.host), remote('username', site.name)];
  const pins = endpoint.hostKeys.map(({ fingerprint }) => fingerprint);
  return [...where, ...(site.transport === 'sftp' ? [remote('host_key', pins)] : []), ...archive];
}
